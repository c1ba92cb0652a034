import { paintedRoots } from "./roots.ts";

/**
 * Scenes with `transform-style: preserve-3d`: HTML-in-canvas paints their faces in document order, so that a cube shows
 * its back through its front.
 */
export function hasDepthScene(view: Window): boolean {
  for (const root of paintedRoots(view)) {
    for (const element of root.querySelectorAll("*")) {
      if (isDepthScene(element)) return true;
    }
  }
  return false;
}

function isDepthScene(element: Element): boolean {
  return element.childElementCount > 0 && element.ownerDocument.defaultView?.getComputedStyle(element).transformStyle === "preserve-3d";
}

/** Notices depth scenes that come while the page is being rendered, at the cost of looking only at what changed. */
export interface DepthSceneWatch {
  /** True from the moment that a change has brought a depth scene. */
  appeared(): boolean;
}

export function watchDepthScenes(view: Window): DepthSceneWatch {
  const selectors: string = depthSelectors(view);
  let found = false;
  const judge = (records: readonly MutationRecord[]): void => {
    for (const record of records) found ||= bringsDepth(record, selectors);
  };
  const observers: MutationObserver[] = [...paintedRoots(view)].map((root) => {
    const observer = new MutationObserver(judge);
    observer.observe(root, { subtree: true, childList: true, attributes: true, attributeFilter: ["style", "class"] });
    return observer;
  });
  return {
    appeared() {
      for (const observer of observers) judge(observer.takeRecords());
      return found;
    },
  };
}

function bringsDepth(record: MutationRecord, selectors: string): boolean {
  const target = record.target as HTMLElement;
  if (record.attributeName === "style") return target.style.transformStyle === "preserve-3d" && isDepthScene(target);
  const changed: Node[] = record.type === "childList" ? [...record.addedNodes] : [target];
  return changed.some((node) => {
    if (!(node as Element).querySelectorAll) return false;
    const element = node as Element;
    const inline = "[style*=preserve-3d]";
    const candidates: Element[] = [element, ...element.querySelectorAll(selectors === "" ? inline : `${inline}, ${selectors}`)];
    return candidates.some(isDepthScene);
  });
}

/** Selectors of all style rules that make a depth scene, whether or not they match now. */
function depthSelectors(view: Window): string {
  const selectors: string[] = [];
  const visit = (rules: CSSRuleList): void => {
    for (const rule of rules) {
      if ("selectorText" in rule && (rule as CSSStyleRule).style.transformStyle === "preserve-3d")
        selectors.push((rule as CSSStyleRule).selectorText);
      if ("cssRules" in rule) visit((rule as CSSGroupingRule).cssRules);
    }
  };
  for (const root of paintedRoots(view)) {
    for (const sheet of [...root.styleSheets, ...root.adoptedStyleSheets]) {
      try {
        visit(sheet.cssRules);
      } catch {
        // A sheet of another origin cannot be read; the comparison with screenshots still stands guard.
      }
    }
  }
  return selectors.join(", ");
}
