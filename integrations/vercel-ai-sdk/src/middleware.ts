/** The middleware of the AI SDK: a model behind it is sent shorter tool results, the application keeps the whole. */

import type { LanguageModelMiddleware } from "ai";

import { type CompressConfig, compressed, type Figures, recordOf } from "./exchange.js";
import { failureOf, type OnWarning, quietly, warner } from "./failure.js";
import type { JsonForm, Params } from "./outputs.js";
import { type Service, type ServiceOptions, serviceOf } from "./service.js";
import { rewritten, transcriptOf } from "./transcript.js";

export interface HeadroomOptions extends ServiceOptions {
  /**
   * Settings of compression; what is not given is as the proxy was started. Nothing is left out, unless `retrieval`
   * names a channel: then the caller vouches that the model can get it back by it.
   */
  config?: Omit<CompressConfig, "compress_user_messages">;
  /** Told of each call that went on as it came because the service failed; default: the console, the first time. */
  onWarning?: OnWarning;
  /** Told what was saved, once a call that has tool results. */
  onResult?: (figures: Figures) => void;
}

type Model = { readonly provider: string; readonly modelId: string };

/** Prompts that went through a middleware of ours: a second layer has nothing to add, nor a second time-out to wait. */
const seen = new WeakSet<object>();

/**
 * Return a middleware for `wrapLanguageModel`. It asks a running `headroom proxy`, and if that fails, for whatever
 * reason, the call goes on as it came. Throws RangeError or TypeError for options that cannot be used.
 */
export function headroomMiddleware(options: HeadroomOptions = {}): LanguageModelMiddleware {
  const service = serviceOf(options);
  const warn = warner(options.onWarning);
  const transformParams = async ({ params, model }: { params: Params; model: Model }): Promise<Params> => {
    if (seen.has(params.prompt)) return params;
    let prompt = params.prompt;
    try {
      prompt = await shortened(service, params, model, options);
    } catch (error) {
      params.abortSignal?.throwIfAborted();
      warn(failureOf(error));
    }
    return { ...params, prompt: marked(prompt) };
  };
  return { specificationVersion: "v3", transformParams };
}

async function shortened(
  service: Service,
  params: Params,
  model: Model,
  options: HeadroomOptions,
): Promise<Params["prompt"]> {
  const read = new Set((params.tools ?? []).flatMap((tool) => (tool.type === "function" ? [] : [tool.name])));
  const usual = formOf(model);
  const { entries, places } = transcriptOf(params.prompt, (tool) => (read.has(tool) ? "read" : usual));
  if (places.length === 0) return params.prompt;
  const { messages, ...figures } = await compressed(service, entries, {
    model: model.modelId,
    config: configOf(params, options),
    ...(params.abortSignal && { signal: params.abortSignal }),
  });
  const prompt = rewritten(params.prompt, places, messages);
  if (options.onResult !== undefined) quietly(() => options.onResult?.(figures));
  return prompt;
}

/** Return a copy of the list, noted as ours; the list of the caller may come again, and is then worked on again. */
function marked(prompt: Params["prompt"]): Params["prompt"] {
  const own = [...prompt];
  seen.add(own);
  return own;
}

/** Google's packages send JSON values as they are, and a gateway may lead to them; all others send their text. */
function formOf({ provider, modelId }: Model): JsonForm {
  return provider.startsWith("google") || /(^|\/)(gemini|gemma)/.test(modelId) ? "value" : "text";
}

function configOf(params: Params, { config }: HeadroomOptions): CompressConfig {
  return { retrieval: "off", ...config, ...(mayLoseResults(params) && { cross_turn: false }) };
}

/** Say whether the provider may drop old results by itself; then no result may refer to one. */
function mayLoseResults(params: Params): boolean {
  return Object.values(params.providerOptions ?? {}).some((given) => {
    const { contextManagement, truncation } = recordOf(given);
    return contextManagement != null || (truncation != null && truncation !== "disabled");
  });
}
