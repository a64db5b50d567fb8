import assert from "node:assert/strict";

import { PublishedImages } from "../../commands/watch/publishedImages";
import type { Origin } from "../../commands/watch/origin";
import { catalogue } from "../../images/catalogue";
import { versionLabel } from "../../images/labels";
import { serve } from "../helpers/http";

describe("faults: the watcher", () => {
  const languages = catalogue.map(({ name }) => name);

  it("finds what is missing in a registry that allows one request a second", async () => {
    let next = 0;
    let refused = 0;
    const { url } = await serve(({ url: path = "" }) => {
      if (Date.now() < next) {
        refused++;
        return { status: 429, headers: { "retry-after": "1" } };
      }
      next = Date.now() + 1000;
      if (path.includes("-java/")) return { status: 404 };
      if (path.includes("/tags/")) return { body: '{"tags":["v3.66.0"]}' };
      if (path.includes("/blobs/"))
        return { body: JSON.stringify({ config: { Labels: { [versionLabel]: "3.66.0" } } }) };
      return { body: '{"config":{"digest":"sha256:c"}}' };
    });
    const registry = { registry: url.replace("http://", ""), alias: "" };
    // Of the origin, only the languages at a tag are read.
    const origin = { languages: () => Promise.resolve(languages) } as unknown as Origin;
    const images = new PublishedImages(origin, { dev: registry, prod: registry }, {});
    for (const tag of ["v3.66.0", "latest-v3.66.0"])
      assert.deepEqual(await images.missingLanguages(tag), ["java"], tag);
    assert.ok(refused > 5, String(refused));
  });
});
