/// What the rules of phase 1 say about reading the request's body; the caller obeys before it fills phase 2.
public struct BodyControls: Equatable, Sendable {
    /// The processor that `ctl:requestBodyProcessor` names; nil leaves the choice to the content type.
    public var processor: RequestBodyProcessor?
    /// `ctl:forceRequestBodyVariable=On`: REQUEST_BODY is filled even where no processor reads the body.
    public var forcesRequestBody: Bool
    /// False after `ctl:requestBodyAccess=Off`: the body is not read for the rules.
    public var readsBody: Bool

    /// What holds where no rule says otherwise.
    public init() {
        processor = nil
        forcesRequestBody = false
        readsBody = true
    }
}

/// The processors of bodies, by the words of SecLang.
public enum RequestBodyProcessor: String, CaseIterable, Sendable {
    /// `application/x-www-form-urlencoded`.
    case urlencoded = "URLENCODED"
    /// `multipart/form-data`.
    case multipart = "MULTIPART"
    /// JSON.
    case json = "JSON"
    /// XML.
    case xml = "XML"
}

extension RequestBodyProcessor {
    /// Its place among all processors.
    var index: UInt8 {
        switch self {
        case .urlencoded: 0
        case .multipart: 1
        case .json: 2
        case .xml: 3
        }
    }
}
