/**
 * Older prompts in mustache's spelling, as Liquid. Both mean the plain value. Mustache joins a list with commas and Liquid
 * without: the flag tells a renderer that the author may have counted on the commas.
 */

/** A template in Liquid, and whether it was written with mustache's three braces or `&`. */
export interface NormalisedTemplate {
  text: string;
  mustache: boolean;
}

/** Rewrites `{{{x}}}` and `{{&x}}` as `{{ x }}`, and `$body`, `$status` as `_body`, `_status`. Keeps every offset: what goes becomes blanks. */
export function normaliseMustache(template: string): NormalisedTemplate {
  let mustache = false;
  let text = template.replaceAll(/\{\{\{([^{}]*)\}\}\}/g, (_, inner: string) => {
    mustache = true;
    return `{{ ${inner} }}`;
  });
  text = text.replaceAll(/\{\{&([^{}]*)\}\}/g, (_, inner: string) => {
    mustache = true;
    return `{{ ${inner}}}`;
  });
  text = text.replaceAll(/(\{\{-?\s*)\$(body|status)(?=[\s|}.-])/g, (_, open: string, name: string) => `${open}_${name}`);
  return { text, mustache };
}
