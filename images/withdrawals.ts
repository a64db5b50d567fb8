import withdrawn from "./withdrawn.json";

/** Versions by the reason why they are withdrawn. */
export type Withdrawn = Readonly<Record<string, string>>;

/**
 * The Pulumi versions that were yanked by Pulumi or rolled back by us, each with its reason: they are not released, and
 * `latest` may go back from them.
 */
export const withdrawnVersions: Withdrawn = withdrawn;
