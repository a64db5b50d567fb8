/** Where a stack publishes: a registry's address, else an alias of ECR Public. */
export interface RegistryAddress {
  /** host[:port][/path]; undefined for ECR Public. */
  readonly registry: string | undefined;
  /** The alias in ECR Public: public.ecr.aws/<alias>. Unused if there is a registry. */
  readonly alias: string;
}

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
