import assert from "node:assert/strict";

import { RepositoryClient } from "../../images/registryClient";
import { serve } from "../support/http";

describe("the tags of a repository", () => {
  it("are those of all pages, and none where the registry does not know it", async () => {
    const { url, server } = await serve({
      "/v2/many/tags/list": (request) =>
        request.url?.includes("last=b")
          ? { body: JSON.stringify({ tags: ["c"] }) }
          : {
              body: JSON.stringify({ tags: ["a", "b"] }),
              headers: { link: '</v2/many/tags/list?last=b&n=2>; rel="next"' },
            },
      "/v2/empty/tags/list": JSON.stringify({ tags: null }),
      "/v2/broken/tags/list": 500,
    });
    const registry = url.replace("http://", "");
    const tags = (name: string) => new RepositoryClient(`${registry}/${name}`).tags();
    assert.deepEqual(await tags("many"), ["a", "b", "c"]);
    assert.deepEqual(await tags("empty"), []);
    assert.deepEqual(await tags("unknown"), []);
    await assert.rejects(tags("broken"), /answers 500/);
    server.close();
  });
});
