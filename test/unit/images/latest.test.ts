import assert from "node:assert/strict";

import { versionLabel } from "../../../images/labels";
import { guardLatest } from "../../../images/latest";
import type { Credentials } from "../../../lib/oci/repositoryClient";
import { serve } from "../../helpers/http";
import { isFault } from "../../helpers/isFault";
import { latestImage } from "../../helpers/latestImage";
import { skipDelays } from "../../helpers/skipDelays";

const version = (text: string) => ({ [versionLabel]: text });

describe("latest", () => {
  skipDelays();
  let registry: string;

  before(async () => {
    const { url } = await serve({
      ...latestImage("runner-pulumi-is-66", version("3.66.0")),
      ...latestImage("runner-pulumi-is-66-too", version("3.66.0")),
      ...latestImage("runner-pulumi-is-64", version("3.64.0")),
      ...latestImage("runner-pulumi-without-labels", null),
      ...latestImage("runner-pulumi-with-another-label", { maintainer: "someone" }),
      ...latestImage("runner-pulumi-with-a-version-of-its-base", version("24.04")),
      ...latestImage("runner-pulumi-with-platforms", version("3.66.0")),
      "/v2/runner-pulumi-with-platforms/manifests/latest": '{"manifests":[{"digest":"sha256:amd64"}]}',
      "/v2/runner-pulumi-with-platforms/manifests/sha256:amd64":
        '{"config":{"digest":"sha256:runner-pulumi-with-platforms"}}',
      "/v2/runner-pulumi-broken/manifests/latest": 500,
      "/v2/runner-pulumi-not-json/manifests/latest": "<html>",
      "/v2/runner-pulumi-with-password/manifests/latest": ({ headers }) =>
        headers.authorization === `Basic ${Buffer.from("AWS:secret").toString("base64")}`
          ? { status: 404 }
          : { status: 401, headers: { "www-authenticate": `Basic realm="Registry"` } },
    });
    registry = url.replace("http://", "");
  });

  const config = (names: string[], asked: string) => {
    const languages = names.map((name) => ({ name }));
    return { tag: "latest", pulumiVersion: asked, languages, registry, alias: "" };
  };
  const guard = (names: string[], asked: string, withdrawn = {}, credentials?: Credentials) =>
    guardLatest(config(names, asked), credentials, withdrawn);

  const allowed: [string, ...Parameters<typeof guard>][] = [
    ["a version after an image without a Pulumi version", ["with-a-version-of-its-base"], "3.1.0"],
    ["a newer version", ["is-66"], "3.67.0"],
    ["a newer version by number, not by text", ["is-66"], "3.100.0"],
    ["the same version", ["is-66", "is-66-too"], "3.66.0"],
    ["a first version", ["not-there"], "3.1.0"],
    ["a version after an image without labels", ["without-labels", "with-another-label"], "3.1.0"],
    ["a version after a withdrawn one", ["is-66"], "3.64.0", { "3.66.0": "yanked" }],
    ["read with credentials", ["with-password"], "3.64.0", {}, { username: "AWS", password: "secret" }],
  ];
  for (const [name, ...args] of allowed) it(`may be ${name}`, () => guard(...args));

  const newer = (languages: string, current: string) =>
    `latest of ${languages} is Pulumi ${current}, which is newer than ASKED.`;
  const rollback = (versions: string) =>
    `latest is never downgraded. To roll back on purpose, add ${versions} with the reason to images/withdrawn.json, ` +
    "then push latest-vASKED again.";
  const unreadable = (name: string, why: string) => `Cannot determine the version of ${name}'s latest: ${why}.`;
  const retry = "No tag was moved. Retry when the registry can be read.";
  const answers = (name: string, status: number) =>
    unreadable(name, `http://REGISTRY/v2/runner-pulumi-${name}/manifests/latest answers ${status}`);

  const oldNewOld = ["is-66", "is-64", "without-labels", "is-66-too"];
  const both = [newer("is-66, is-66-too", "3.66.0"), newer("is-64", "3.64.0"), rollback('"3.66.0", "3.64.0"')];
  const ofOne = (name: string) => [newer(name, "3.66.0"), rollback('"3.66.0"')];
  const notJson = `http://REGISTRY/v2/runner-pulumi-not-json/manifests/latest answers 200, but not with JSON: "<html>"`;
  const refused: [asked: string, repositories: string[], ...lines: string[]][] = [
    ["3.64.0", ["not-there", "is-66"], ...ofOne("is-66")],
    ["3.64.0", ["with-platforms"], ...ofOne("with-platforms")],
    ["3.63.0", oldNewOld, ...both],
    ["3.67.0", ["broken"], answers("broken", 500), retry],
    ["3.67.0", ["with-password"], answers("with-password", 401), retry],
    ["3.67.0", ["not-json"], unreadable("not-json", notJson), retry],
    ["3.64.0", ["broken", "is-66"], ...ofOne("is-66"), answers("broken", 500), retry],
  ];
  for (const [asked, repositories, ...lines] of refused) {
    it(`is not ${asked} for ${repositories.join(", ")}, for all reasons in one message`, () => {
      const message = lines.join("\n").replaceAll("ASKED", asked).replaceAll("REGISTRY", registry);
      return assert.rejects(guard(repositories, asked), isFault(message));
    });
  }

  it("is the only tag that is guarded", () =>
    guardLatest({ ...config(["is-66"], "3.64.0"), tag: "v3.64.0" }, undefined));

  it("is not moved if the registry cannot be reached", () => {
    const message = /x's latest: Could not reach http:\/\/127\.0\.0\.1:9\/v2\/runner-pulumi-x\/manifests\/latest: /;
    return assert.rejects(
      guardLatest({ ...config(["x"], "3.67.0"), registry: "127.0.0.1:9" }, undefined),
      isFault(message),
    );
  });
});
