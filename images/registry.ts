import * as ecrpublic from "@pulumi/aws/ecrpublic";
import * as pulumi from "@pulumi/pulumi";

import { Fault, messageOf } from "../lib/errors";
import { type Credentials, RefusedError, RepositoryClient, logIn } from "../lib/oci/repositoryClient";
import { type Language, catalogue } from "./catalogue";
import type { Config } from "./config";
import { galleryData } from "./gallery";
import { type RegistryAddress, ecrPublicHost, repositoryName, repositoryUri } from "./repositoryUri";
import { asRunError } from "./runError";

/** The only region of ECR Public's API: https://docs.aws.amazon.com/general/latest/gr/ecr-public.html */
const region = "us-east-1";

/** Gets push credentials for ECR Public, and logs in with them; none for another registry. @throws {Fault} */
export async function requireCredentials(registry: RegistryAddress): Promise<Credentials | undefined> {
  const credentials = await getCredentials(registry);
  if (credentials !== undefined) await requireLogin(ecrPublicHost, credentials);
  return credentials;
}

/** Gets push credentials for ECR Public; none for another registry. @throws {Fault} if AWS issues none */
export async function getCredentials({ registry }: RegistryAddress): Promise<Credentials | undefined> {
  if (registry !== undefined) return undefined;
  const { userName, password } = await ecrpublic.getAuthorizationToken({ region }).catch((error: unknown) => {
    throw new Fault(
      `AWS issued no credentials for ${ecrPublicHost}: ${messageOf(error)}. Nothing was pushed. ` +
        `Log in to AWS, check the permission ecr-public:GetAuthorizationToken, and retry.`,
    );
  });
  return { username: userName, password };
}

/**
 * Declares the repositories of all languages in ECR Public. Another registry creates them on push.
 * @returns the URI of a language's, which resolves after all are found to be the expected ones
 */
export async function declareRepositories(
  config: Config,
  credentials: Credentials | undefined,
): Promise<(language: string) => pulumi.Output<string>> {
  if (config.registry !== undefined) return (language) => pulumi.output(repositoryUri(config, language));
  const expected = catalogue.map(({ name }) => repositoryUri(config, name));
  const exists = (uri: string) => new RepositoryClient(uri, credentials).exists();
  const adopt = config.adoptRepositories ? await Promise.all(expected.map(exists)) : [];
  const repositories = catalogue.map((language, index) => declareRepository(language, config, adopt[index] ?? false));
  const found = pulumi.all(repositories.map((repository) => repository.repositoryUri));
  const checked = found.apply((uris) => requireExpected(uris, expected));
  // In a preview, the URI of a repository that does not exist yet is unknown, and an Image needs to know where it goes.
  if (pulumi.runtime.isDryRun()) return (language) => pulumi.output(repositoryUri(config, language));
  return (language) => checked.apply(() => repositoryUri(config, language));
}

/** @param adopt import the repository, because it exists already */
function declareRepository(language: Language, { platforms }: Config, adopt: boolean): ecrpublic.Repository {
  const name = repositoryName(language.name);
  return new ecrpublic.Repository(
    `${language.name}-repository`,
    { region, repositoryName: name, catalogData: galleryData(language, platforms), forceDestroy: false },
    {
      protect: true,
      retainOnDelete: true,
      // An import must not change the live repository. The update after it sets the texts.
      ...(adopt ? { import: name, ignoreChanges: ["catalogData", "forceDestroy", "tags"] } : {}),
    },
  );
}

/** Logs in to a registry, host[:port]. @throws {Fault} that blames the credentials only if the registry rejects them */
export async function requireLogin(registry: string, credentials: Credentials): Promise<void> {
  await logIn(registry, credentials).catch((error: unknown) => {
    const message = messageOf(error);
    throw new Fault(
      error instanceof RefusedError && [401, 403].includes(error.status)
        ? `${registry} rejected the credentials that AWS issued for ${credentials.username}: ${message}. ` +
            `They are invalid or expired. Nothing was pushed. Log in to AWS again and retry.`
        : `Could not verify the credentials with ${registry}: ${message}. Nothing was pushed. ` +
            `Check the network and the proxy, then retry.`,
    );
  });
}

/** Fails if a repository is not the expected one: the AWS credentials then belong to another environment's account. */
function requireExpected(found: readonly string[], expected: readonly string[]): void {
  const index = found.findIndex((uri, position) => uri !== expected[position]);
  if (index === -1) return;
  const [account, stack] = [found, expected].map((uris) => uris[index]?.replace(/\/[^/]*$/, ""));
  throw asRunError(
    new Fault(
      `These credentials belong to ${account}, and this stack publishes to ${stack}. Nothing was pushed. ` +
        `Use the credentials of that AWS account, or check runner-pulumi:alias.`,
    ),
  );
}
