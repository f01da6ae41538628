/// The values of `ratelimit-policy` and `ratelimit` (draft-ietf-httpapi-ratelimit-headers-10).
public enum RateLimitFields {
    /// Appends `"name";q=…;w=…`: in any `w` seconds `q` requests pass, after a list's comma where `bytes` is not empty.
    ///
    /// A leaking bucket has no window of its own. The statement is the one that always holds: `burst + 1` requests
    /// within the time in which a full bucket leaks whole.
    public static func appendPolicy(_ name: String, _ parameters: LimitParameters, to bytes: inout [UInt8]) {
        appendName(name, to: &bytes)
        append(parameter: "q", parameters.burst &+ 1, to: &bytes)
        append(parameter: "w", max(1, parameters.windowSeconds), to: &bytes)
    }

    /// Appends `"name";r=…;t=…` for a limit whose bucket holds `excess` thousandths with this request.
    ///
    /// Passed: `r` more would pass now, and in `t` seconds the whole burst is there again. Refused: none for `t` seconds.
    public static func appendState(
        _ name: String, _ parameters: LimitParameters, excess: Int64, to bytes: inout [UInt8]
    ) {
        appendName(name, to: &bytes)
        append(parameter: "r", parameters.remaining(at: excess), to: &bytes)
        let milliseconds =
            parameters.refuses(excess) ? parameters.retry(after: excess) : parameters.time(from: excess, to: 0)
        append(parameter: "t", (milliseconds &+ 999) / 1000, to: &bytes)
    }

    /// Appends the name as a String of RFC 9651 §3.3.3; what such a string cannot hold becomes `?`.
    private static func appendName(_ name: String, to bytes: inout [UInt8]) {
        if !bytes.isEmpty {
            bytes.append(UInt8(ascii: ","))
            bytes.append(UInt8(ascii: " "))
        }
        bytes.append(UInt8(ascii: "\""))
        for byte in name.utf8 {
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { bytes.append(UInt8(ascii: "\\")) }
            bytes.append(byte >= 0x20 && byte < 0x7f ? byte : UInt8(ascii: "?"))
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private static func append(parameter: StaticString, _ value: Int64, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: ";"))
        for byte in parameter.description.utf8 { bytes.append(byte) }
        bytes.append(UInt8(ascii: "="))
        for byte in String(value).utf8 { bytes.append(byte) }
    }
}
