import type { Language } from "./catalogue";

/**
 * Declares images so that a layer which several of them contain is uploaded once. A builder mounts a layer that it has pushed
 * to the same registry before; images that are pushed at the same time each upload it, for example the one with the Pulumi
 * CLI. So the image without hosts comes first, and those that include others last.
 * @param declare gets a language, and the images to push before its own
 * @returns the images in the order of the languages
 */
export function declareInOrder<T>(
  languages: readonly Language[],
  declare: (language: Language, before: readonly T[]) => T,
): T[] {
  const rank = ({ hosts, includes }: Language) => (includes ? 2 : hosts ? 1 : 0);
  const declared = new Map<Language, T>();
  for (const wave of [0, 1, 2]) {
    const before = [...declared.values()];
    for (const language of languages) if (rank(language) === wave) declared.set(language, declare(language, before));
  }
  return languages.map((language) => declared.get(language)!);
}

/**
 * Returns what a language's resource waits for: if the language is released, the resources of all that are. Otherwise all of
 * them. It is then no target of the update, so its state keeps the dependencies of an earlier one, and the engine refuses a
 * state in which a dependency was registered after the resource.
 */
export function dependenciesOf<T extends { readonly language: Language }>(
  language: Language,
  released: readonly Language[],
  resources: readonly T[],
): readonly T[] {
  return released.includes(language) ? resources.filter((one) => released.includes(one.language)) : resources;
}
