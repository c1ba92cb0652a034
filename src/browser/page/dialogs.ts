import type { PageWindow } from "./clock/page-window.ts";

/** What would wait for a person answers at once, as if dismissed. */
export function installDialogs(view: PageWindow, warn: (reason: string) => void): void {
  const dismiss =
    <Answer>(name: string, answer: Answer) =>
    (message: unknown = ""): Answer => {
      warn(`The page opened a dialog, which was dismissed: ${name}("${String(message)}")`);
      return answer;
    };
  Object.assign(view, {
    alert: dismiss("alert", undefined),
    confirm: dismiss("confirm", false),
    prompt: dismiss("prompt", null),
    print: dismiss("print", undefined),
  });
}
