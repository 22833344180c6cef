/** A call of a model as a middleware sees it, without a model. */

import type { LanguageModelMiddleware } from "ai";

type Options = Parameters<NonNullable<LanguageModelMiddleware["transformParams"]>>[0];
export type Params = Options["params"];

/** Send parameters through one middleware. `model` is the name of its provider, or `provider/its name`. */
export async function transform(
  middleware: LanguageModelMiddleware,
  params: Params,
  model = "openai.responses",
): Promise<Params> {
  const [provider, ...name] = model.split("/");
  const described = {
    specificationVersion: "v3",
    provider,
    modelId: name.join("/") || "some-model",
    supportedUrls: {},
  };
  return middleware.transformParams!({ type: "generate", params, model: described as never as Options["model"] });
}
