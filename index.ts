import { log } from "@pulumi/pulumi";
import { catalogue } from "./images/catalogue";
import { readConfig, warnIfUnpinned } from "./images/config";
import { guardLatest } from "./images/latest";
import { getPulumiRelease } from "./images/pulumiRelease";
import { openRegistry, requireLogin } from "./images/registry";
import { ecrPublicHost } from "./images/repositoryUri";
import { asRunError } from "./images/runError";
import { RunnerImage } from "./images/runnerImage";
import { SmokeTest } from "./images/smokeTest";

async function releaseImages() {
  const config = readConfig();
  await warnIfUnpinned(config);
  const registry = await openRegistry(config);
  if (registry.credentials !== undefined) await requireLogin(ecrPublicHost, registry.credentials);
  if (config.tag === "latest") await guardLatest(registry, config.languages, config.pulumiVersion);
  const release = await getPulumiRelease(config.pulumiVersion, config.platforms, { ...config, warn: log.warn });
  const repositoryOf = await registry.declareRepositories(catalogue);
  const tests = catalogue.map((language) => new SmokeTest(language.name, { language, config, release }));
  const images = catalogue.map((language) => {
    const smokeTests = tests.filter((test) => test.language === language || config.languages.includes(test.language));
    const target = { repository: repositoryOf(language.name), credentials: registry.credentials };
    return new RunnerImage(language.name, { language, config, release, smokeTests, ...target });
  });
  const published = images.filter(({ language }) => config.languages.includes(language));
  return { images: Object.fromEntries(published.map((image) => [image.language.name, image.published])) };
}

// `export =`: under CommonJS an `export default async` is never called, and an empty program means "delete everything".
export = () => releaseImages().catch((error: unknown) => Promise.reject(asRunError(error)));
