import GateIdentity

/// One line of an access log, as far as a request can be made of it.
///
/// Two forms are read: the gateway's own JSON, which has no query and no fields, and the combined format of nginx and
/// Apache, which has the query, the referrer and the user agent. What a log does not have is filled with what a browser
/// sends, so that its absence matches no rule.
struct LoggedRequest {
    /// The raw request.
    let bytes: [UInt8]
    /// The rules that matched when the request was live, from `waf_rules`; nil where the line has none.
    let rules: [Int]?

    /// The request of a line; nil where there is none in it.
    init?(_ line: Substring) {
        if line.first == "{" {
            guard let fields = try? JSONReader.read(Array(line.utf8).span), let method = fields.text("method"),
                let path = fields.text("path")
            else { return nil }
            bytes = Self.request(method: method, target: path, host: fields.text("host"), agent: nil, referrer: nil)
            if case .array(let ids)? = fields["waf_rules"] {
                rules = ids.compactMap { Int(String(decoding: $0.text, as: UTF8.self)) }
            } else {
                rules = nil
            }
        } else {
            // 192.0.2.1 - - [25/Nov/2026:18:00:00 +0000] "GET /path?query HTTP/1.1" 200 128 "referrer" "agent"
            let quoted = Self.quoted(line)
            let words = (quoted.first ?? "").split(separator: " ", maxSplits: 1)
            guard words.count == 2, let end = words[1].lastIndex(of: " ") else { return nil }
            bytes = Self.request(
                method: String(words[0]), target: String(words[1][..<end]), host: nil,
                agent: quoted.count > 2 ? quoted[2] : nil, referrer: quoted.count > 1 ? quoted[1] : nil)
            rules = nil
        }
    }

    /// The texts in quotes, with nginx's `\xHH` and `\"` undone.
    private static func quoted(_ line: Substring) -> [String] {
        var texts: [String] = []
        var rest = line.utf8[...]
        while let start = rest.firstIndex(of: 0x22) {
            rest = rest[rest.index(after: start)...]
            var bytes: [UInt8] = []
            while let byte = rest.first, byte != 0x22 {
                rest = rest.dropFirst()
                guard byte == 0x5c, let next = rest.first else {
                    bytes.append(byte)
                    continue
                }
                rest = rest.dropFirst()
                let digits = rest.prefix(2)
                if next == 0x78, digits.count == 2,
                    let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
                {
                    bytes.append(value)
                    rest = rest.dropFirst(2)
                } else {
                    bytes.append(next)
                }
            }
            texts.append(String(decoding: bytes, as: UTF8.self))
            rest = rest.dropFirst()
        }
        return texts
    }

    private static func request(
        method: String, target: String, host: String?, agent: String?, referrer: String?
    ) -> [UInt8] {
        var lines = [
            "\(method) \(target) HTTP/1.1", "Host: \(host ?? "localhost")",
            "User-Agent: \(known(agent) ?? "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0")",
            "Accept: */*",
        ]
        if let referrer = known(referrer) { lines.append("Referer: \(referrer)") }
        if method == "POST" || method == "PUT" || method == "PATCH" { lines.append("Content-Length: 0") }
        return Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
    }

    private static func known(_ text: String?) -> String? { text == "-" || text?.isEmpty == true ? nil : text }
}

extension JSONNode {
    fileprivate func text(_ name: String) -> String? {
        self[name]?.string.map { String(decoding: $0, as: UTF8.self) }
    }
}
