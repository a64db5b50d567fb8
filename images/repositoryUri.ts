import type { Config } from "./config";

/** Where a stack publishes: a registry's address, else an alias of ECR Public. */
export type RegistryAddress = Pick<Config, "registry" | "alias">;

/** The host of ECR Public. */
export const ecrPublicHost = "public.ecr.aws";

/** The name of a language's repository, without what comes before it. */
export function repositoryName(language: string): string {
  return `runner-pulumi-${language}`;
}

/** A language's repository, host[:port]/path. */
export function repositoryUri({ registry, alias }: RegistryAddress, language: string): string {
  return `${registry ?? `${ecrPublicHost}/${alias}`}/${repositoryName(language)}`;
}
