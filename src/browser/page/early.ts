/**
 * Runs in every frame of the shell's page before the scripts of the frame. It remembers what cannot be found later: documents
 * of frames and shadow trees, closed ones too, as they come.
 */
import { registryOf, remember } from "./painted-roots.ts";

const registry = registryOf(window);
if (registry) {
  remember(registry, document);
  const { attachShadow } = Element.prototype;
  Element.prototype.attachShadow = function (this: Element, init: ShadowRootInit): ShadowRoot {
    const root: ShadowRoot = attachShadow.call(this, init);
    remember(registry, root);
    return root;
  };
}
