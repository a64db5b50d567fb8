import * as ecrpublic from "@pulumi/aws/ecrpublic";
import * as pulumi from "@pulumi/pulumi";

import type { Language } from "./catalogue";
import { catalogueData } from "./catalogueData";
import type { Config } from "./config";
import { messageOf } from "./errors";
import { type Credentials, RefusedError, RepositoryClient, logIn } from "./registryClient";
import type { Pause } from "./retry";

/** Where images go. */
export interface Registry {
  /** What images are pushed with. Where there is none, the registry takes them from anyone who reaches it. */
  readonly credentials: Credentials | undefined;
  /** Logs in, before anything is built. Throws a RunError where the registry does not take the credentials. */
  readonly requireLogin: () => Promise<void>;
  /** The repository that a language's images are expected in, host[:port]/path. */
  readonly expectedUri: (language: string) => string;
  /**
   * Declares the repositories of the languages. Gives the URI of each, by the language's name, and none of them before
   * every one is found to be the expected one.
   */
  readonly declareRepositories: (
    languages: readonly Language[],
  ) => Promise<(language: string) => pulumi.Output<string>>;
}

/** Opens the registry of the config: an address, or the repositories of the stack's alias in ECR Public. */
export async function openRegistry(config: Config): Promise<Registry> {
  return config.registry === undefined ? openEcrPublic(config) : plainRegistry(config);
}

const host = "public.ecr.aws";

/** The repository of a language's images, host[:port]/path: in the registry, else under the alias in ECR Public. */
export function repositoryUri({ registry, alias }: Pick<Config, "registry" | "alias">, language: string): string {
  return `${registry ?? `${host}/${alias}`}/${repositoryName(language)}`;
}

/** A registry that makes a repository when something is pushed to it, and asks for no login. */
function plainRegistry(config: Config): Registry {
  const expectedUri = (language: string) => repositoryUri(config, language);
  return {
    credentials: undefined,
    requireLogin: () => Promise.resolve(),
    expectedUri,
    declareRepositories: () => Promise.resolve((language) => pulumi.output(expectedUri(language))),
  };
}

/** The only region of ECR Public's API, https://docs.aws.amazon.com/general/latest/gr/ecr-public.html */
const region = "us-east-1";

async function openEcrPublic(config: Config): Promise<Registry> {
  const { adoptRepositories, platforms } = config;
  const { userName, password } = await ecrpublic.getAuthorizationToken({ region });
  const credentials = { username: userName, password };
  const expectedUri = (language: string) => repositoryUri(config, language);

  function declareRepository(language: Language, adopt: boolean): ecrpublic.Repository {
    const repository = repositoryName(language.name);
    return new ecrpublic.Repository(
      `${language.name}-repository`,
      { region, repositoryName: repository, catalogData: catalogueData(language, platforms), forceDestroy: false },
      {
        protect: true,
        retainOnDelete: true,
        // What is live is imported as it is; the update after it brings the texts.
        ...(adopt ? { import: repository, ignoreChanges: ["catalogData", "forceDestroy", "tags"] } : {}),
      },
    );
  }

  return {
    credentials,
    requireLogin: () => requireLogin(host, credentials),
    expectedUri,
    async declareRepositories(languages) {
      const clients = languages.map(({ name }) => new RepositoryClient(expectedUri(name), credentials));
      const existing = adoptRepositories ? await Promise.all(clients.map((client) => client.exists())) : [];
      const uris = languages.map(
        (language, index) => declareRepository(language, existing[index] ?? false).repositoryUri,
      );
      const expected = languages.map(({ name }) => expectedUri(name));
      const checked = pulumi.all(uris).apply((found) => checkUris(found, expected));
      return (language) => checked.apply((all) => all[languages.findIndex(({ name }) => name === language)] ?? "");
    },
  };
}

/**
 * Logs in to a registry, host[:port]. Throws a RunError that blames the password only where the registry does.
 * @param pause waits between two tries
 */
export async function requireLogin(registry: string, credentials: Credentials, pause?: Pause): Promise<void> {
  await logIn(registry, credentials, pause).catch((error: unknown) => {
    const said = messageOf(error);
    if (error instanceof RefusedError && [401, 403].includes(error.status)) {
      throw new pulumi.RunError(
        `${registry} does not take the password that AWS gave for ${credentials.username}: ` +
          `${said}. It is wrong or has expired. Nothing was pushed. Log in to AWS again and retry.`,
      );
    }
    throw new pulumi.RunError(
      `It cannot be told whether ${registry} takes the login: ${said}. Nothing was pushed. ` +
        `Check the network and the proxy, then retry when the registry answers.`,
    );
  });
}

/** Throws a RunError where a repository is not the expected one: the AWS account is another environment's. */
function checkUris(found: readonly string[], expected: readonly string[]): readonly string[] {
  const others = found.flatMap((uri, index) => (uri === expected[index] ? [] : [`${uri} is not ${expected[index]}`]));
  if (others.length === 0) return found;
  throw new pulumi.RunError(
    `These repositories are another environment's: ${others.join(", ")}. Nothing was pushed. ` +
      `Check which AWS account the credentials belong to, and runner-pulumi:alias.`,
  );
}

function repositoryName(language: string): string {
  return `runner-pulumi-${language}`;
}
