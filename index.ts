import { catalogue } from "./images/catalogue";
import { readConfig } from "./images/config";
import { guardLatest } from "./images/latest";
import { getPulumiRelease } from "./images/pulumiRelease";
import { repositoryUri } from "./images/registry";
import { RunnerImage } from "./images/runnerImage";
import { SmokeTest } from "./images/smokeTest";

// `export =`: under CommonJS an `export default async` is never run, and an empty program means "delete everything".
export = async () => {
  const config = readConfig();
  const repositories = catalogue.map(({ name }) => repositoryUri(config.registry, name));
  if (config.tag === "latest") await guardLatest(repositories, config.pulumiVersion);
  const release = await getPulumiRelease(config.pulumiVersion, config.platforms, config.pulumiReleases);
  const smokeTests = catalogue.map((language) => new SmokeTest(language.name, { language, config, release }));
  const images = catalogue.map(
    (language) => [language.name, new RunnerImage(language.name, { language, config, release, smokeTests })] as const,
  );
  return { images: Object.fromEntries(images.map(([name, image]) => [name, image.published])) };
};
