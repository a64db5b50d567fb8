import assert from "node:assert/strict";

import { catalogue } from "../../../images/catalogue";
import { galleryData } from "../../../images/gallery";

describe("the gallery", () => {
  for (const language of catalogue) {
    it(`has complete texts of ${language.name} within the limits of ECR Public`, () => {
      const { aboutText, usageText, description } = galleryData(language, ["linux/amd64"]);
      // https://docs.aws.amazon.com/AmazonECRPublic/latest/APIReference/API_RepositoryCatalogDataInput.html
      for (const text of [aboutText, usageText]) {
        assert.ok(text.length <= 10_240);
        assert.doesNotMatch(text, /\{\{/);
      }
      assert.match(usageText, new RegExp(`public\\.ecr\\.aws/spacelift/runner-pulumi-${language.name}:`));
      assert.ok(description.length <= 1024);
    });
  }
});
