export * from "../index.ts";
export type { MeasureStep } from "../bench/measure-costs.ts";
export { launchBrowser, type LaunchOptions } from "../browser/launch.ts";
export { findBrowser, type BrowserInstall } from "../browser/find.ts";
export { ringFile } from "../browser/transport/ring-file.ts";
export { webSocket } from "../browser/transport/websocket.ts";
export { ffmpegDisk, type FfmpegDiskOptions } from "../encoders/ffmpeg-disk.ts";
export { ffmpegPipe, type FfmpegPipeOptions } from "../encoders/ffmpeg-pipe.ts";
export { pngSequence, type PngSequenceOptions } from "../encoders/png-sequence.ts";
export { ffmpegMix, type FfmpegMixOptions } from "../audio/ffmpeg-mix.ts";
export { findFfmpeg, type FfmpegInstall } from "../ffmpeg/find.ts";
export { base64 as base64Injector, type Base64Options } from "../injectors/base64.ts";
export { url as urlInjector, type PictureServer, type UrlOptions } from "../injectors/url.ts";
export { openMediaFiles, type HostMediaOptions } from "./media-files.ts";
export { openPictureServer } from "./picture-server.ts";
export type { PictureStoreOptions } from "../ffmpeg/picture-store.ts";
export { videoFrames, type VideoFileFrame, type VideoFrames, type VideoFramesOptions } from "../ffmpeg/video-frames.ts";
export { openPageAddress, serveFolder, type PageOptions } from "./file-server.ts";
export { openFileSink, type FileSinkOptions } from "./file-sink.ts";
export { openFolderSink, type FolderSinkOptions } from "./folder-sink.ts";
export { measureCosts, type NodeMeasureOptions } from "./measure-costs.ts";
export { costsFile, keepCosts, measuredHere } from "./measured-here.ts";
export {
  builtInParts,
  nodeHost,
  planRender,
  render,
  type NodeHostOptions,
  type NodePlanOptions,
  type NodeRenderOptions,
} from "./render.ts";
