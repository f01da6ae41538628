/// A transformation of SecLang (`t:name`): what a rule does to a value before its operator sees it.
///
/// Each does exactly what ModSecurity 3.0.9 does, oddities included, because rules were written and tested against those.
/// All take time linear in their input.
public enum Transformation: UInt8, CaseIterable, Sendable {
    /// RFC 4648 base64, strict: a malformed value becomes empty, a last group that is not padded is dropped.
    case base64Decode
    /// Base64 with whatever is foreign to it skipped.
    case base64DecodeExt
    /// Base64 with padding.
    case base64Encode
    /// What a shell would not mind: drops `"'\^`, folds separators to one space, none before `/` and `(`, lower case.
    case cmdLine
    /// Each run of white space becomes one space.
    case compressWhitespace
    /// CSS 2 escapes (`\75`, `\ff1c`, `\q`); ends at the first zero byte.
    case cssDecode
    /// Escapes of ANSI C (`\n`, `\x41`, `\101`).
    case escapeSeqDecode
    /// Pairs of hexadecimal digits; an odd last one is dropped.
    case hexDecode
    /// Two hexadecimal digits, lower case, for each byte.
    case hexEncode
    /// HTML's numeric entities and `quot`, `amp`, `lt`, `gt`, `nbsp`, with or without semicolon, to one byte each.
    case htmlEntityDecode
    /// JavaScript's escapes (`\u003c`, `\x3c`, `\74`, `\n`).
    case jsDecode
    /// The number of bytes, in decimal.
    case length
    /// ASCII upper case to lower case.
    case lowercase
    /// Nothing; in a rule it also forgets the transformations before it.
    case none
    /// Resolves `//`, `/./` and `/../`.
    case normalisePath
    /// As ``normalisePath``, with backslashes taken for slashes.
    case normalisePathWin
    /// Removes comments (`/*…*/`, `<!--…-->`) and everything from `--` or `#` on.
    case removeComments
    /// Removes the marks of comments and keeps what they enclose.
    case removeCommentsChar
    /// Removes zero bytes.
    case removeNulls
    /// Removes white space, and the bytes A0 and C2 that a no-break space is made of.
    case removeWhitespace
    /// Each `/*…*/` becomes one space, an open one swallows the rest.
    case replaceComments
    /// Zero bytes become spaces.
    case replaceNulls
    /// The 20 bytes of SHA-1.
    case sha1
    /// `0x414243` to `ABC`, as MySQL reads it; drops the last byte otherwise, as ModSecurity does.
    case sqlHexDecode
    /// Removes white space from both ends.
    case trim
    /// Removes white space from the start.
    case trimLeft
    /// Removes white space from the end.
    case trimRight
    /// ASCII lower case to upper case.
    case uppercase
    /// `%xx` and `+`.
    case urlDecode
    /// `%xx`, `%uXXXX` by the map of code page 20127 that ModSecurity recommends, and `+`.
    case urlDecodeUni
    /// Everything but ASCII letters, digits and `*` as `%xx`, the space as `+`.
    case urlEncode
    /// UTF-8 sequences beyond ASCII to `%uXXXX`.
    case utf8toUnicode

    /// The transformation that `name` means, the case of its letters aside; nil for what this engine does not have:
    /// `md5` and the parity transformations, which no common rule set uses.
    public init?(secLangName name: String) {
        let name = name.lowercased()
        switch name {
        case "normalizepath": self = .normalisePath
        case "normalizepathwin": self = .normalisePathWin
        default:
            guard let known = Self.allCases.first(where: { $0.secLangName.lowercased() == name }) else { return nil }
            self = known
        }
    }

    /// The name as rules spell it.
    public var secLangName: String { "\(self)" }

    /// Transforms `input` and says whether that changed anything.
    ///
    /// After true `output` holds the result alone. After false the result is `input` itself and `output` holds nothing
    /// of use. Its storage is kept either way.
    public func apply(to input: Span<UInt8>, into output: inout [UInt8]) -> Bool {
        guard let start = ByteTraits.firstIndex(of: triggers, in: input) else { return false }
        output.removeAll(keepingCapacity: true)
        switch self {
        case .none: return false
        case .lowercase: return Self.lowercase(input, from: start, into: &output)
        case .uppercase: return Self.uppercase(input, from: start, into: &output)
        case .removeNulls: return Self.removeNulls(input, from: start, into: &output)
        case .replaceNulls: return Self.replaceNulls(input, from: start, into: &output)
        case .cmdLine: Self.cmdLine(input, from: start, into: &output)
        case .compressWhitespace: Self.compressWhitespace(input, from: start, into: &output)
        case .removeWhitespace: return Self.removeWhitespace(input, from: start, into: &output)
        case .trim: return Self.trim(input, left: true, right: true, into: &output)
        case .trimLeft: return Self.trim(input, left: true, right: false, into: &output)
        case .trimRight: return Self.trim(input, left: false, right: true, into: &output)
        case .urlDecode: Self.urlDecode(input, from: start, into: &output)
        case .urlDecodeUni: Self.urlDecodeUni(input, from: start, into: &output)
        case .urlEncode: Self.urlEncode(input, into: &output)
        case .utf8toUnicode: Self.utf8toUnicode(input, from: start, into: &output)
        case .htmlEntityDecode: Self.htmlEntityDecode(input, from: start, into: &output)
        case .jsDecode: Self.jsDecode(input, from: start, into: &output)
        case .cssDecode: Self.cssDecode(input, from: start, into: &output)
        case .escapeSeqDecode: Self.escapeSeqDecode(input, from: start, into: &output)
        case .removeComments: Self.removeComments(input, into: &output)
        case .removeCommentsChar: Self.removeCommentsChar(input, into: &output)
        case .replaceComments: Self.replaceComments(input, into: &output)
        case .normalisePath, .normalisePathWin:
            let windows = self == .normalisePathWin
            if Self.isNormal(path: input, windows: windows) { return false }
            Self.normalisePath(input, windows: windows, into: &output)
        case .base64Decode: Self.base64Decode(input, into: &output)
        case .base64DecodeExt: Self.base64DecodeExt(input, into: &output)
        case .base64Encode: Self.base64Encode(input, into: &output)
        case .hexDecode: Self.hexDecode(input, into: &output)
        case .hexEncode: Self.hexEncode(input, into: &output)
        case .sqlHexDecode: Self.sqlHexDecode(input, into: &output)
        case .length: output.append(contentsOf: String(input.count).utf8)
        case .sha1: SHA1.append(digestOf: input, to: &output)
        }
        return !Self.isEqual(output.span, input)
    }

    private static func isEqual(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
        guard left.count == right.count else { return false }
        for index in 0..<left.count where left[index] != right[index] { return false }
        return true
    }
}
