/// The request that `explain` is asked about, rendered to the bytes that a client would send.
///
/// The same parser as the gateway's reads them: a field that no client could send is refused there, not here.
struct ExplainedRequest: Equatable {
    /// Whether it comes over TLS.
    let isTLS: Bool
    /// The server name of the handshake: the URL's host, unless it is an address.
    let serverName: String?
    /// The head, as HTTP/1.1.
    let head: [UInt8]

    /// Why a URL is none that can be explained.
    struct Problem: Error, Equatable, CustomStringConvertible {
        let description: String
    }

    /// The request `method` `url` with further `headers` (`name: value`) and a body.
    ///
    /// `host` is the URL's authority unless a header gives another; the path is passed on as it is written.
    init(method: String, url: String, headers: [String], body: [UInt8]?) throws(Problem) {
        let rest: Substring
        if url.hasPrefix("https://") {
            isTLS = true
            rest = url.dropFirst(8)
        } else if url.hasPrefix("http://") {
            isTLS = false
            rest = url.dropFirst(7)
        } else {
            throw Problem(description: "\(url) is no URL: write https://HOST/PATH or http://HOST/PATH")
        }
        let end = rest.firstIndex { $0 == "/" || $0 == "?" || $0 == "#" } ?? rest.endIndex
        let authority = rest[..<end]
        guard !authority.isEmpty else { throw Problem(description: "\(url) names no host") }
        let target = rest[end...].first == "/" ? String(rest[end...]) : "/" + rest[end...]

        var fields: [String] = []
        if !headers.contains(where: { $0.lowercased().hasPrefix("host:") }) { fields.append("host: \(authority)") }
        fields += headers
        if let body, !headers.contains(where: { $0.lowercased().hasPrefix("content-length:") }) {
            fields.append("content-length: \(body.count)")
        }
        head = Array(((["\(method) \(target) HTTP/1.1"] + fields).joined(separator: "\r\n") + "\r\n\r\n").utf8)
        serverName = isTLS ? Self.serverName(authority) : nil
    }

    /// The host of an authority without its port; nil for an address, which no handshake names (RFC 6066 §3).
    private static func serverName(_ authority: Substring) -> String? {
        guard !authority.hasPrefix("[") else { return nil }
        let host = authority.prefix { $0 != ":" }
        let isAddress = host.allSatisfy { $0 == "." || ($0.isASCII && $0.isNumber) }
        return isAddress ? nil : host.lowercased()
    }
}
