extension Variable {
    /// Its place among all variables, for tables by variable.
    @inline(__always)
    var index: Int {
        switch self {
        case .args: 0
        case .argsCombinedSize: 1
        case .argsGet: 2
        case .argsGetNames: 3
        case .argsNames: 4
        case .argsPost: 5
        case .argsPostNames: 6
        case .queryString: 7
        case .remoteAddr: 8
        case .requestBasename: 9
        case .requestCookies: 10
        case .requestCookiesNames: 11
        case .requestFilename: 12
        case .requestHeaders: 13
        case .requestHeadersNames: 14
        case .requestLine: 15
        case .requestMethod: 16
        case .requestProtocol: 17
        case .requestURI: 18
        case .requestURIRaw: 19
        case .serverName: 20
        case .uniqueID: 21
        case .files: 22
        case .filesCombinedSize: 23
        case .filesNames: 24
        case .filesSizes: 25
        case .fullRequestLength: 26
        case .multipartPartHeaders: 27
        case .multipartStrictError: 28
        case .multipartUnmatchedBoundary: 29
        case .reqbodyError: 30
        case .reqbodyErrorMessage: 31
        case .reqbodyProcessor: 32
        case .requestBody: 33
        case .requestBodyLength: 34
        case .xml: 35
        case .responseBody: 36
        case .responseContentLength: 37
        case .responseContentType: 38
        case .responseHeaders: 39
        case .responseHeadersNames: 40
        case .responseProtocol: 41
        case .responseStatus: 42
        case .duration: 43
        case .matchedVar: 44
        case .matchedVarName: 45
        case .matchedVars: 46
        case .matchedVarsNames: 47
        case .tx: 48
        case .global: 49
        case .ip: 50
        }
    }

    /// The space of its slots in a table of names.
    var slotSpace: UInt8 {
        switch self {
        case .ip: 2
        case .global: 3
        default: 1
        }
    }
}
