import type { PaintedRoot } from "./painted-roots.ts";

/**
 * Scenes that HTML-in-canvas paints wrongly: children of `transform-style: preserve-3d` come in document order, so that a cube
 * shows its back through its front; and `backface-visibility: hidden` is not heeded. Looks only at elements that a rule or a
 * style attribute names, so that a frame costs a query.
 */
export class DepthScenes {
  readonly #known = new WeakMap<CSSStyleSheet, { readonly ruleCount: number; readonly selectors: readonly string[] }>();

  /** Whether one of the roots shows such a scene now. */
  isShownIn(roots: Iterable<PaintedRoot>): boolean {
    for (const root of roots) {
      for (const element of root.querySelectorAll(this.#selectorsOf(root))) {
        if (isDepthScene(element)) return true;
      }
    }
    return false;
  }

  #selectorsOf(root: PaintedRoot): string {
    const selectors: string[] = [...INLINE];
    for (const sheet of [...root.styleSheets, ...root.adoptedStyleSheets]) selectors.push(...this.#selectorsIn(sheet));
    return selectors.includes("*") ? "*" : selectors.join(", ");
  }

  #selectorsIn(sheet: CSSStyleSheet): readonly string[] {
    let rules: CSSRuleList;
    try {
      rules = sheet.cssRules;
    } catch {
      // A sheet of another origin cannot be read; the comparison with screenshots still stands guard.
      return [];
    }
    const known = this.#known.get(sheet);
    if (known?.ruleCount === rules.length) return known.selectors;
    const selectors: string[] = [];
    collectSelectors(rules, selectors);
    this.#known.set(sheet, { ruleCount: rules.length, selectors });
    return selectors;
  }
}

const INLINE: readonly string[] = ["[style*=preserve-3d]", "[style*=backface]"];

function collectSelectors(rules: CSSRuleList, into: string[]): void {
  for (const rule of rules) {
    if ("selectorText" in rule) {
      const { style, selectorText, parentRule } = rule as CSSStyleRule;
      const isNamed: boolean = style.transformStyle === "preserve-3d" || style.backfaceVisibility === "hidden";
      // Nested and shadow selectors mean nothing to a query: then every element is looked at.
      const isPlain: boolean = !(parentRule && "selectorText" in parentRule) && !/:host|::slotted|::part|&/.test(selectorText);
      if (isNamed) into.push(isPlain ? selectorText : "*");
    }
    if ("cssRules" in rule) collectSelectors((rule as CSSGroupingRule).cssRules, into);
  }
}

function isDepthScene(element: Element): boolean {
  const style: CSSStyleDeclaration | undefined = element.ownerDocument.defaultView?.getComputedStyle(element);
  if (!style) return false;
  if (style.transformStyle === "preserve-3d" && element.childElementCount > 0) return true;
  return style.backfaceVisibility === "hidden" && isTurned(style);
}

/** Whether the element is turned out of the plane; a shift in depth, which many pages use for speed, is none. */
function isTurned({ transform, rotate }: CSSStyleDeclaration): boolean {
  // "y 90deg" or "0 1 0 90deg", where a turn in the plane is "90deg".
  if (rotate !== "none" && rotate.includes(" ")) return true;
  if (!transform.startsWith("matrix3d")) return false;
  const { m13, m23, m31, m32, m33 } = new DOMMatrixReadOnly(transform);
  return m13 !== 0 || m23 !== 0 || m31 !== 0 || m32 !== 0 || m33 !== 1;
}
