/// A variable of SecLang: one value, or a collection of named values.
///
/// The names are ModSecurity's; what they hold is its reference manual's. A variable that is not listed is a load error.
public enum Variable: String, CaseIterable, Sendable {
    // Arguments.
    case args = "ARGS"
    case argsCombinedSize = "ARGS_COMBINED_SIZE"
    case argsGet = "ARGS_GET"
    case argsGetNames = "ARGS_GET_NAMES"
    case argsNames = "ARGS_NAMES"
    case argsPost = "ARGS_POST"
    case argsPostNames = "ARGS_POST_NAMES"
    case queryString = "QUERY_STRING"

    // The request's head.
    case remoteAddr = "REMOTE_ADDR"
    case requestBasename = "REQUEST_BASENAME"
    case requestCookies = "REQUEST_COOKIES"
    case requestCookiesNames = "REQUEST_COOKIES_NAMES"
    case requestFilename = "REQUEST_FILENAME"
    case requestHeaders = "REQUEST_HEADERS"
    case requestHeadersNames = "REQUEST_HEADERS_NAMES"
    case requestLine = "REQUEST_LINE"
    case requestMethod = "REQUEST_METHOD"
    case requestProtocol = "REQUEST_PROTOCOL"
    case requestURI = "REQUEST_URI"
    case requestURIRaw = "REQUEST_URI_RAW"
    case serverName = "SERVER_NAME"
    case uniqueID = "UNIQUE_ID"

    // The request's body.
    case files = "FILES"
    case filesCombinedSize = "FILES_COMBINED_SIZE"
    case filesNames = "FILES_NAMES"
    case filesSizes = "FILES_SIZES"
    case fullRequestLength = "FULL_REQUEST_LENGTH"
    case multipartPartHeaders = "MULTIPART_PART_HEADERS"
    case multipartStrictError = "MULTIPART_STRICT_ERROR"
    case multipartUnmatchedBoundary = "MULTIPART_UNMATCHED_BOUNDARY"
    case reqbodyError = "REQBODY_ERROR"
    case reqbodyErrorMessage = "REQBODY_ERROR_MSG"
    case reqbodyProcessor = "REQBODY_PROCESSOR"
    case requestBody = "REQUEST_BODY"
    case requestBodyLength = "REQUEST_BODY_LENGTH"
    case xml = "XML"

    // The response.
    case responseBody = "RESPONSE_BODY"
    case responseContentLength = "RESPONSE_CONTENT_LENGTH"
    case responseContentType = "RESPONSE_CONTENT_TYPE"
    case responseHeaders = "RESPONSE_HEADERS"
    case responseHeadersNames = "RESPONSE_HEADERS_NAMES"
    case responseProtocol = "RESPONSE_PROTOCOL"
    case responseStatus = "RESPONSE_STATUS"

    // The transaction.
    case duration = "DURATION"
    case matchedVar = "MATCHED_VAR"
    case matchedVarName = "MATCHED_VAR_NAME"
    case matchedVars = "MATCHED_VARS"
    case matchedVarsNames = "MATCHED_VARS_NAMES"
    case tx = "TX"

    // Persistent collections: this engine keeps them for the transaction alone.
    case global = "GLOBAL"
    case ip = "IP"
}
