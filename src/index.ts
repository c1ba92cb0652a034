/**
 * Contracts, policy and the parts that run anywhere.
 *
 * @module
 */
export * from "./core/base64.ts";
export * from "./core/blocks.ts";
export * from "./core/browser.ts";
export * from "./core/capture.ts";
export * from "./core/encoder.ts";
export * from "./core/errors.ts";
export * from "./core/events.ts";
export * from "./core/frame.ts";
export * from "./core/frame-rate.ts";
export * from "./core/host.ts";
export * from "./core/formats.ts";
export * from "./core/frame-cache.ts";
export * from "./core/injector.ts";
export * from "./core/job.ts";
export * from "./core/media.ts";
export * from "./core/media-link.ts";
export { parseJob } from "./core/parse-job.ts";
export * from "./core/network.ts";
export * from "./core/pipeline/check-output.ts";
export * from "./core/pipeline/pump.ts";
export * from "./core/pipeline/segments.ts";
export * from "./core/pipeline/supervisor.ts";
export * from "./core/pipeline/watchdog.ts";
export * from "./core/policy/costs.ts";
export { defaultPolicy } from "./core/policy/default-policy.ts";
export { measuredCosts } from "./core/policy/measured.ts";
export * from "./core/policy/plan.ts";
export { afterFailure, replan } from "./core/policy/replan.ts";
export type { StreamingDecision, StreamingInputs, StreamingRule } from "./core/policy/streaming.ts";
export * from "./core/render.ts";
export * from "./core/result.ts";
export * from "./core/sink.ts";
export * from "./core/sound.ts";
export * from "./core/source.ts";
export * from "./core/support.ts";
export { chromeTrace, type Span, type SpanListener } from "./core/timeline.ts";
export * from "./core/transport.ts";
export type { Said, Video } from "./core/video.ts";
export { compositionScript } from "./browser/composition-script.ts";
export { htmlInCanvas, type HtmlInCanvasOptions } from "./capture/html-in-canvas.ts";
export { beginFrame } from "./capture/begin-frame.ts";
export { canvas, type CanvasOptions } from "./capture/canvas.ts";
export type { PictureOptions } from "./capture/picture-session.ts";
export { screenshot } from "./capture/screenshot.ts";
export { TopPage, type TopPageOptions } from "./capture/top-page.ts";
export { canRemux } from "./core/container/container-writer.ts";
export { remux, type RemuxOptions, type RemuxPart } from "./core/container/remux.ts";
export { lruFrameCache } from "./core/lru-frame-cache.ts";
export { webcodecs } from "./encoders/webcodecs.ts";
export { offlineMix } from "./audio/offline-mix.ts";
export { linkMedia } from "./browser/media-link.ts";
export { webcodecs as webcodecsInjector } from "./injectors/webcodecs.ts";
