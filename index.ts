import { readConfig } from "./images/config";
import { guardLatest } from "./images/latest";
import { conclude, readReleasable } from "./images/leftOut";
import { countPushesAgain, readPublishedImages } from "./images/published";
import { declareInOrder, dependenciesOf } from "./images/pushOrder";
import { declareRepositories, requireCredentials } from "./images/registry";
import { runProgram } from "./images/runProgram";
import { RunnerImage } from "./images/runnerImage";
import { SmokeTest } from "./images/smokeTest";
import { declareTags } from "./images/tag";

async function releaseImages() {
  const config = readConfig();
  const credentials = await requireCredentials(config);
  await guardLatest(config, credentials);
  if (config.retag) return { images: declareTags(await readPublishedImages(config, credentials), config, credentials) };
  const { release, languages, leftOut } = await readReleasable(config);
  const pushesAgain = await countPushesAgain(config, credentials);
  const repositoryOf = await declareRepositories(config, credentials);
  const tests = languages.map((language) => new SmokeTest(language.name, { language, config, release }));
  const images = declareInOrder<RunnerImage>(languages, (language, before) => {
    const dependencies = dependenciesOf(language, config.languages, [...tests, ...before]);
    const target = { repository: repositoryOf(language.name), credentials, pushesAgain: pushesAgain(language.name) };
    return new RunnerImage(language.name, { language, config, release, dependencies, ...target });
  });
  return conclude(declareTags(images, config, credentials), leftOut);
}

// `export =`: under CommonJS an `export default async` is never called, and an empty program means "delete everything".
export = runProgram(releaseImages);
