extension Variable {
    /// Whether it is a collection of named values; otherwise it is one value, empty where nothing set it.
    public var isCollection: Bool {
        switch self {
        case .args, .argsGet, .argsGetNames, .argsNames, .argsPost, .argsPostNames, .requestCookies,
            .requestCookiesNames, .requestHeaders, .requestHeadersNames, .files, .filesNames, .filesSizes,
            .multipartPartHeaders, .xml, .responseHeaders, .responseHeadersNames, .matchedVars, .matchedVarsNames, .tx,
            .global, .ip:
            true
        case .argsCombinedSize, .queryString, .remoteAddr, .requestBasename, .requestFilename, .requestLine,
            .requestMethod, .requestProtocol, .requestURI, .requestURIRaw, .serverName, .uniqueID, .filesCombinedSize,
            .fullRequestLength, .multipartStrictError, .multipartUnmatchedBoundary, .reqbodyError,
            .reqbodyErrorMessage, .reqbodyProcessor, .requestBody, .requestBodyLength, .responseBody,
            .responseContentLength, .responseContentType, .responseProtocol, .responseStatus, .duration, .matchedVar,
            .matchedVarName:
            false
        }
    }
}
