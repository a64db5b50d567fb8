import { getStack, log } from "@pulumi/pulumi";
import { catalogue } from "./images/catalogue";
import { readConfig, whyUnpinned } from "./images/config";
import { guardLatest } from "./images/latest";
import { getPulumiRelease } from "./images/pulumiRelease";
import { openRegistry } from "./images/registry";
import { RunnerImage } from "./images/runnerImage";
import { SmokeTest } from "./images/smokeTest";

// `export =`: under CommonJS an `export default async` is never run, and an empty program means "delete everything".
export = async () => {
  const config = readConfig();
  const unpinned = whyUnpinned(config, getStack());
  if (unpinned !== undefined) await log.warn(unpinned);
  const registry = await openRegistry(config);
  await registry.requireLogin();
  if (config.tag === "latest") await guardLatest(registry, catalogue, config.pulumiVersion);
  const release = await getPulumiRelease(config.pulumiVersion, config.platforms, { ...config, tell: log.warn });
  const repositoryOf = await registry.declareRepositories(catalogue);
  const smokeTests = catalogue.map((language) => new SmokeTest(language.name, { language, config, release }));
  const images = catalogue.map((language) => {
    const target = { repository: repositoryOf(language.name), credentials: registry.credentials };
    const image = new RunnerImage(language.name, { language, config, release, smokeTests, ...target });
    return [language.name, image.published] as const;
  });
  return { images: Object.fromEntries(images) };
};
