import { requireVariables } from "./environmentVariables";
import { Fault } from "./errors";

/** A repository, named as in GitHub's API. */
export interface Repository {
  readonly owner: string;
  readonly repo: string;
}

/** Parses owner/name; undefined if the value has another form. */
export function parseRepository(value: unknown): Repository | undefined {
  const [, owner, repo] = /^([\w.-]+)\/([\w.-]+)$/.exec(typeof value === "string" ? value : "") ?? [];
  return owner === undefined || repo === undefined ? undefined : { owner, repo };
}

/**
 * Reads the repository that a workflow runs for from GITHUB_REPOSITORY.
 * @throws {Fault} if it is missing or not owner/name
 */
export function requireRepository(): Repository {
  const { GITHUB_REPOSITORY: name } = requireVariables(["GITHUB_REPOSITORY"]);
  const repository = parseRepository(name);
  if (repository !== undefined) return repository;
  throw new Fault(`GITHUB_REPOSITORY ${JSON.stringify(name)} is not owner/name. Set it to this repository's name.`);
}
