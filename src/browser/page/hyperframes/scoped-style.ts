import { hostSelector, INNER_ROOT, renamedSelector, splitSelectors, type Scope } from "./scope.ts";

/** The rules of a composition's style sheet, so that they reach no further than its host. */
export function scopedStyle(css: string, scope: Scope): string {
  // A constructed sheet takes no imports; they must come first anyway.
  const imports: string[] = [];
  const rules: string = css.replaceAll(/@import\b[^;]*;/gi, (statement) => (imports.push(statement), ""));
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(rules);
  scopeRules(sheet.cssRules, scope);
  return [...imports, ...[...sheet.cssRules].map(({ cssText }) => cssText)].join("\n");
}

function scopeRules(rules: CSSRuleList, scope: Scope): void {
  for (const rule of rules) {
    if (rule instanceof CSSStyleRule)
      rule.selectorText = splitSelectors(rule.selectorText)
        .map((one) => scopedSelector(one, scope))
        .join(", ");
    else if (rule instanceof CSSGroupingRule) scopeRules(rule.cssRules, scope);
  }
}

/** The whole document, in the words of a file that is rendered alone. */
const DOCUMENT = /^(?:html|body|:root)$/i;
/** The same in front of what is in it. */
const IN_DOCUMENT = /^(?:(?:html|body|:root)\s*[ >]\s*)+/i;

function scopedSelector(selector: string, scope: Scope): string {
  // What resets everything is meant so: it counts less than anything else that a page says.
  if (selector === "*") return selector;
  const host: string = hostSelector(scope);
  const renamed: string = renamedSelector(selector.replace(IN_DOCUMENT, ""), scope);
  // The box of a composition is its root, where one is mounted within the host: on both it would count twice.
  if (renamed === host || DOCUMENT.test(renamed)) return `${host}:not(:has(> [${INNER_ROOT}])), ${host} > [${INNER_ROOT}]`;
  return renamed.includes(host) ? renamed : `${host} ${renamed}`;
}
