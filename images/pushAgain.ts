import * as pulumi from "@pulumi/pulumi";

import { type Credentials, RepositoryClient } from "../lib/oci/repositoryClient";
import type { PublishedImage } from "./tag";

/**
 * Reads how often each language's image had to be pushed again, because the registry had lost what an earlier update of
 * this stack pushed. The number is a build argument that no Dockerfile declares: a new one pushes with an unchanged digest.
 * Images do not notice a loss by themselves: the provider looks only for tags, and only in `pulumi refresh`.
 * @throws {Fault} if the registry cannot be read
 */
export async function countPushesAgain(credentials: Credentials | undefined): Promise<(language: string) => number> {
  const images = Object.entries(await readPublished());
  const counts = images.map(async ([language, { repository, digest, pushesAgain = 0 }]) => {
    const found = await new RepositoryClient(repository, credentials).digest(digest);
    return [language, found === undefined ? pushesAgain + 1 : pushesAgain] as const;
  });
  const byLanguage = new Map(await Promise.all(counts));
  return (language) => byLanguage.get(language) ?? 0;
}

type Published = Readonly<Record<string, Pick<pulumi.Unwrap<PublishedImage>, "repository" | "digest" | "pushesAgain">>>;

/** The output `images` of this stack's last update, by language. A StackReference would be a resource in the state. */
async function readPublished(): Promise<Published> {
  const name = [pulumi.getOrganization(), pulumi.getProject(), pulumi.getStack()].join("/");
  const { outputs } = (await pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", { name })) as {
    outputs?: { images?: Published };
  };
  return outputs?.images ?? {};
}
