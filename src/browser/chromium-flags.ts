/** Chromium features that change what a page does by itself, or ask the network at start. */
const disabledFeatures: readonly string[] = [
  "AvoidCorsURLLoaderRestartOnRedirect",
  "AvoidUnnecessaryBeforeUnloadCheckSync",
  "DestroyProfileOnBrowserClose",
  "HttpsFirstBalancedModeAutoEnable",
  "HttpsUpgrades",
  "MediaRouter",
  "NetworkTimeServiceQuerying",
  "OptimizationHints",
  "PaintHolding",
  "PreconnectToSearch",
  "TcpPortRandomizationWin",
  "ThirdPartyStoragePartitioning",
];

/** Features that are off by default: screenshots of pages that do not show on a screen. */
export const enabledFeatures: readonly string[] = ["CDPScreenshotNewSurface"];

/**
 * Flags for a browser that is driven by the protocol: no dialog of its own, nothing that waits for a visible window, no
 * traffic of its own, and the same text and colours on every host
 * (https://peter.sh/experiments/chromium-command-line-switches/).
 */
export const automationFlags: readonly string[] = [
  "--headless",
  "--remote-debugging-pipe",
  "--no-first-run",
  "--no-default-browser-check",
  "--no-service-autorun",
  "--password-store=basic",
  "--use-mock-keychain",
  "--metrics-recording-only",
  "--disable-breakpad",
  "--disable-field-trial-config",
  "--disable-default-apps",
  "--disable-extensions",
  "--disable-component-extensions-with-background-pages",
  "--disable-component-update",
  "--disable-background-networking",
  "--disable-quic",
  "--disable-sync",
  "--disable-search-engine-choice-screen",
  "--disable-infobars",
  "--disable-hang-monitor",
  "--disable-popup-blocking",
  "--disable-prompt-on-repost",
  // Hidden windows keep their timers and their frames.
  "--disable-background-timer-throttling",
  "--disable-backgrounding-occluded-windows",
  "--disable-renderer-backgrounding",
  "--disable-back-forward-cache",
  "--disable-ipc-flooding-protection",
  // /dev/shm of a container may hold 64 MB.
  "--disable-dev-shm-usage",
  "--allow-pre-commit-input",
  "--enable-unsafe-swiftshader",
  "--force-color-profile=srgb",
  "--font-render-hinting=none",
  "--hide-scrollbars",
  "--mute-audio",
  // A mouse, as on a desktop: `(hover: hover)` and `(pointer: fine)`.
  "--blink-settings=primaryHoverType=2,availableHoverTypes=2,primaryPointerType=4,availablePointerTypes=4",
  `--disable-features=${disabledFeatures.join(",")}`,
  `--enable-features=${enabledFeatures.join(",")}`,
];
