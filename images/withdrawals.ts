import withdrawn from "./withdrawn.json";

/** Versions by the reason why they are withdrawn. */
export type Withdrawn = Readonly<Record<string, string>>;

/**
 * The Pulumi versions that were yanked by Pulumi or rolled back by us, each with its reason: they are not released, and
 * `latest` may go back from them.
 */
export const withdrawnVersions: Withdrawn = withdrawn;

/** Why a version is not released, as a sentence; undefined where it is not withdrawn. */
export function withdrawal(version: string, withdrawn: Withdrawn): string | undefined {
  const reason = withdrawn[version];
  if (reason === undefined) return undefined;
  return `Pulumi ${version} is withdrawn (${reason}) and not released. Release another one.`;
}

/** A longer list would hide the sentence that it stands in. */
export const namedAtMost = 5;

/** How `latest` is made to go back to a version from newer ones, as a sentence. */
export function howToRollBack(to: string, from: readonly string[]): string {
  const versions =
    from.length > namedAtMost ? `every version above ${to}` : from.map((version) => `"${version}"`).join(", ");
  return `To roll back on purpose, add ${versions} with the reason to images/withdrawn.json, then push latest-v${to} again.`;
}
