/// Why the body of a request is not what it claims to be; the raw value is what REQBODY_ERROR_MSG says.
///
/// A body with a problem is refused whatever the rules say: nobody knows what the backend would make of it.
public enum BodyProblem: String, Error, CaseIterable, Sendable {
    // Any body (attacks 59, 61).
    case duplicateContentType = "Content-Type given more than once"
    case charset = "charset that is not compatible with ASCII, or given twice"
    case tooManyArguments = "too many arguments"
    case namesTooLong = "names of arguments too long in all"

    // JSON (attack 59).
    case jsonSyntax = "JSON parsing error: syntax"
    case jsonTruncated = "JSON parsing error: premature end"
    case jsonTrailingData = "JSON parsing error: data after the value"
    case jsonString = "JSON parsing error: invalid character or escape in a string"
    case jsonUTF8 = "JSON parsing error: invalid UTF-8"
    case jsonNumber = "JSON parsing error: invalid number"
    case jsonDuplicateKey = "JSON parsing error: duplicate key"
    case jsonDepth = "JSON parsing error: nested too deeply"

    // XML (attack 59).
    case xmlSyntax = "XML parsing error: not well-formed"
    case xmlDeclaration = "XML parsing error: document type or entity"
    case xmlEncoding = "XML parsing error: encoding that is not compatible with ASCII"
    case xmlDepth = "XML parsing error: nested too deeply"
    case xmlMemory = "XML parsing error: out of memory"

    // Multipart (attack 58).
    case multipartBoundary = "Multipart parsing error: no or invalid boundary in Content-Type"
    case multipartNoBoundary = "Multipart parsing error: no boundary in the body"
    case multipartInvalidBoundary = "Multipart parsing error: invalid boundary in the body"
    case multipartFinalBoundary = "Multipart parsing error: final boundary missing"
    case multipartPart = "Multipart parsing error: part without head or data"
    case multipartPartHeader = "Multipart parsing error: invalid part header"
    case multipartFolding = "Multipart parsing error: folded part header"
    case multipartDisposition = "Multipart parsing error: invalid Content-Disposition"
    case multipartCharset = "Multipart parsing error: charset of a part that is not compatible with ASCII"
    case multipartEncoding = "Multipart parsing error: Content-Transfer-Encoding that encodes"
    case multipartTooManyParts = "Multipart parsing error: too many parts"

    /// Whether it is a problem of a multipart body, the refusal `waf_multipart`; others are `waf_unparsable`.
    public var isMultipart: Bool {
        switch self {
        case .multipartBoundary, .multipartNoBoundary, .multipartInvalidBoundary, .multipartFinalBoundary,
            .multipartPart, .multipartPartHeader, .multipartFolding, .multipartDisposition, .multipartCharset,
            .multipartEncoding, .multipartTooManyParts:
            true
        case .duplicateContentType, .charset, .tooManyArguments, .namesTooLong, .jsonSyntax, .jsonTruncated,
            .jsonTrailingData, .jsonString, .jsonUTF8, .jsonNumber, .jsonDuplicateKey, .jsonDepth, .xmlSyntax,
            .xmlDeclaration, .xmlEncoding, .xmlDepth, .xmlMemory:
            false
        }
    }
}
