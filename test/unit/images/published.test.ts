import assert from "node:assert/strict";

import { catalogue } from "../../../images/catalogue";
import { versionLabel } from "../../../images/labels";
import { readPublishedImages } from "../../../images/published";
import { type Answer, serve } from "../../helpers/http";
import { isFault } from "../../helpers/isFault";
import { valueOf } from "../../helpers/mocks";

describe("the published images of a version", () => {
  const [python, yaml] = ["python", "yaml"].map((name) => catalogue.find((language) => language.name === name)!);

  /** Reads those of v3.64.0 in a registry where two languages have images with these labels; undefined for no image. */
  async function read(...labels: (object | undefined)[]) {
    const answers: Record<string, Answer> = {};
    for (const [index, { name }] of [python!, yaml!].entries()) {
      if (labels[index] === undefined) continue;
      const path = `/v2/runner-pulumi-${name}`;
      const manifest = () => ({
        headers: { "docker-content-digest": "sha256:1" },
        body: JSON.stringify({ config: { digest: "sha256:c" } }),
      });
      Object.assign(answers, {
        ...(labels[index] === lost
          ? {}
          : { [`${path}/blobs/sha256:c`]: JSON.stringify({ config: { Labels: labels[index] } }) }),
        [`${path}/manifests/v3.64.0`]: manifest,
        [`${path}/manifests/sha256:1`]: manifest,
      });
    }
    const registry = (await serve(answers)).url.replace("http://", "");
    const config = { languages: [python!, yaml!], pulumiVersion: "3.64.0", registry, alias: "" };
    return { registry, images: readPublishedImages(config, undefined) };
  }
  /** The labels of an image whose config is lost. */
  const lost = {};
  const of64 = { [versionLabel]: "3.64.0" };

  it("are what the version's own tag serves, also from before this project", async () => {
    const { registry, images } = await read(of64, {});
    const [first] = await images;
    assert.equal(await valueOf(first!.digest), "sha256:1");
    assert.equal(await valueOf(first!.repository), `${registry}/runner-pulumi-python`);
  });

  it("are refused if the registry has lost a blob of one", async () => {
    const { registry, images } = await read(of64, lost);
    const sentence = `${registry}/runner-pulumi-yaml:v3.64.0 has lost blob sha256:c.`;
    await assert.rejects(
      images,
      isFault(`${sentence}\nNo tag was moved. Release v3.64.0 first, or choose another version.`),
    );
  });

  it("are refused for all languages at once, if one has none or another version's", async () => {
    const { registry, images } = await read({ [versionLabel]: "3.66.0" }, undefined);
    const sentences = [
      `${registry}/runner-pulumi-python:v3.64.0 is Pulumi 3.66.0.`,
      `${registry}/runner-pulumi-yaml has no tag v3.64.0.`,
      "No tag was moved. Release v3.64.0 first, or choose another version.",
    ];
    await assert.rejects(images, isFault(sentences.join("\n")));
  });
});
