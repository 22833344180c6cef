export {
  compress,
  type CompressConfig,
  type CompressOptions,
  type CompressResult,
  type Decision,
  type FailureReason,
  type Figures,
  HeadroomError,
  type OnWarning,
  type ServiceOptions,
} from "./compress.js";
export { headroomMiddleware, type HeadroomOptions } from "./middleware.js";
