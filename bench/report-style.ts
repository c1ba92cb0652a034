/** Light and dark, by what the reader's system asks for. */
export const reportStyle: string = `
:root {
  color-scheme: light dark;
  --paper: #fbfaf6; --ink: #1d2329; --soft: #68717a; --line: #dcd9cf;
  --chosen: #0d5f63; --safe: #9fbdb9; --memory: #b9b3a4;
  --capture: #d9734f; --window: #e9c46a; --write: #3f7cac; --finish: #7a9e7e;
  --holds: #1c7a43; --fails: #b3261e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #15191d; --ink: #e8e6df; --soft: #98a1a9; --line: #32393f;
    --chosen: #57c4b8; --safe: #3f6663; --memory: #6d6a60;
    --capture: #e58a68; --window: #d9b45c; --write: #5a9bcf; --finish: #8db592;
    --holds: #6fcf97; --fails: #ff8a80;
  }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1260px; padding: 56px 40px 96px; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, sans-serif; }
h1 { font-size: 44px; line-height: 1.1; letter-spacing: -.02em; margin: 0 0 16px; }
h2 { font-size: 25px; margin: 72px 0 8px; letter-spacing: -.01em; }
h3 { font-size: 18px; margin: 0; }
p { max-width: 76ch; margin: 0 0 14px; }
.lead { font-size: 19px; }
.mark { white-space: nowrap; }
.swatch { display: inline-block; width: 13px; height: 13px; border-radius: 3px; margin-right: 6px; vertical-align: -1px; }
.swatch.unsafe { border: 1.5px dashed var(--soft); }
dl { display: flex; flex-wrap: wrap; gap: 10px 36px; margin: 28px 0 0; padding: 18px 0; border-block: 1px solid var(--line); }
dt { font-size: 13px; color: var(--soft); }
dd { margin: 0; }
figure { margin: 36px 0 0; padding-top: 24px; border-top: 1px solid var(--line); }
figcaption { display: flex; flex-wrap: wrap; gap: 0 16px; align-items: baseline; margin-bottom: 14px; }
figcaption p { color: var(--soft); margin: 0; }
.wide { overflow-x: auto; }
svg { display: block; width: 100%; min-width: 960px; font: 13px system-ui, sans-serif; }
svg text { fill: var(--ink); }
svg .head, svg .more { fill: var(--soft); font-size: 12px; }
svg .name.chosen { font-weight: 650; }
svg .value { font-variant-numeric: tabular-nums; }
.legend { display: flex; flex-wrap: wrap; gap: 6px 24px; list-style: none; padding: 0; margin: 16px 0 0; }
.chosen { fill: var(--chosen); } .safe { fill: var(--safe); } .memory { fill: var(--memory); }
svg text.chosen, svg text.safe, svg text.unsafe { fill: var(--ink); }
rect.unsafe { fill: none; stroke: var(--soft); stroke-width: 1.2; stroke-dasharray: 4 3; }
rect.capture { fill: var(--capture); } rect.window { fill: var(--window); } rect.write { fill: var(--write); } rect.finish { fill: var(--finish); }
.swatch.chosen { background: var(--chosen); } .swatch.safe { background: var(--safe); }
.swatch.capture { background: var(--capture); } .swatch.window { background: var(--window); }
.swatch.write { background: var(--write); } .swatch.finish { background: var(--finish); }
table { border-collapse: collapse; width: 100%; margin: 12px 0 28px; }
th, td { text-align: left; font-weight: 400; padding: 7px 14px 7px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
thead th { color: var(--soft); font-size: 13px; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
small { display: block; color: var(--soft); font-size: 12.5px; }
.costs td { padding: 7px 10px; background: linear-gradient(to left, color-mix(in srgb, var(--capture) 26%, transparent) var(--share, 0%), transparent var(--share, 0%)); }
.costs thead th.number { padding-right: 10px; }
.holds { color: var(--holds); } .fails { color: var(--fails); font-weight: 600; } .none { color: var(--soft); }
`;
