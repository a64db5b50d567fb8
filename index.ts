import { catalogue } from "./images/catalogue";
import { readConfig, warnIfUnpinned } from "./images/config";
import { guardLatest } from "./images/latest";
import { conclude, readReleasable } from "./images/leftOut";
import { declareRepositories, getCredentials, requireLogin } from "./images/registry";
import { ecrPublicHost, repositoryUri } from "./images/repositoryUri";
import { asRunError } from "./images/runError";
import { RunnerImage } from "./images/runnerImage";
import { SmokeTest } from "./images/smokeTest";

async function releaseImages() {
  const config = readConfig();
  await warnIfUnpinned(config);
  const credentials = await getCredentials(config);
  if (credentials !== undefined) await requireLogin(ecrPublicHost, credentials);
  const expectedUri = (language: string) => repositoryUri(config, language);
  if (config.tag === "latest") await guardLatest({ expectedUri, credentials }, config.languages, config.pulumiVersion);
  const { release, languages, leftOut } = await readReleasable(config);
  const repositoryOf = await declareRepositories(catalogue, config, credentials);
  const tests = languages.map((language) => new SmokeTest(language.name, { language, config, release }));
  const images = languages.map((language) => {
    const smokeTests = tests.filter((test) => test.language === language || config.languages.includes(test.language));
    const target = { repository: repositoryOf(language.name), credentials };
    return new RunnerImage(language.name, { language, config, release, smokeTests, ...target });
  });
  return conclude(images, config.languages, leftOut);
}

// `export =`: under CommonJS an `export default async` is never called, and an empty program means "delete everything".
export = () => releaseImages().catch((error: unknown) => Promise.reject(asRunError(error)));
