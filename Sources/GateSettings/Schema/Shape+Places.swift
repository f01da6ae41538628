import GatePrimitives

extension Shape where Value == FilePath {
    /// The path of a file, relative to the file it is written in.
    static let file: Shape = Shape("a path") { node, decoding in
        guard let text = Shape<String>.text("a path", most: 4096).decode(node, &decoding) else { return nil }
        return .resolve(text, directory: decoding.directory, root: decoding.root)
    } render: {
        .text($0.written)
    }
}

extension Shape where Value == SecretReference {
    /// A reference to a secret; a secret written out is an error.
    static let secret: Shape = Shape("`file:PATH` or `env:NAME`") { node, decoding in
        guard let text = Shape<String>.text("file:PATH or env:NAME", most: 4096).decode(node, &decoding) else {
            return nil
        }
        if text.hasPrefix("file:"), text.utf8.count > 5 {
            let path = String(text.dropFirst(5))
            return .file(.resolve(path, directory: decoding.directory, root: decoding.root))
        }
        let name = text.dropFirst(4)
        if text.hasPrefix("env:"), !name.isEmpty, name.utf8.allSatisfy(isNameByte) { return .environment(String(name)) }
        // The text may be the secret itself: no message shows it.
        decoding.error(
            at: node.position, "a secret is never written into the configuration",
            instead: "write file:PATH or env:NAME")
        return nil
    } render: {
        .text($0.description)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x5f: true
        default: false
        }
    }
}

extension Shape where Value == CIDR {
    /// One address or a block of addresses.
    static let addresses: Shape = .scalar("an address or a block of addresses") { text in
        do throws(CIDR.ParseError) {
            return .value(try CIDR(text))
        } catch {
            switch error {
            case .notAnAddress:
                return .problem(
                    "\(Quantity.quoted(text)) is not an address",
                    instead: "write 192.0.2.1, 10.0.0.0/8 or 2001:db8::/32")
            case .badLength:
                return .problem("\(Quantity.quoted(text)) has no valid prefix length", instead: "write 10.0.0.0/8")
            case .hostBits(let meant):
                return .problem("\(Quantity.quoted(text)) has bits beyond its prefix", instead: "write \(meant)")
            }
        }
    } render: {
        $0.description
    }
}

extension Shape where Value == SocketEndpoint {
    /// Where to listen: an address with a port, or a Unix socket; a name is not looked up.
    static let listenAddress: Shape = endpoint("an address with a port, or `unix:PATH`") { endpoint in
        if case .name(let name, let port) = endpoint {
            let address = name == "localhost" ? "127.0.0.1" : "0.0.0.0"
            return .problem("a listener needs an address, '\(name)' is a name", instead: "write \(address):\(port)")
        }
        return .value(endpoint)
    }

    /// Where to connect: an address or a host name with a port, or a Unix socket.
    static let peerAddress: Shape = endpoint("`ADDRESS:PORT`, `NAME:PORT` or `unix:PATH`") { endpoint in
        endpoint.port == 0 ? .problem("a backend has no port 0", instead: nil) : .value(endpoint)
    }

    /// An endpoint that passes `check`; the path of a Unix socket is relative to the file, like any path.
    private static func endpoint(
        _ type: String, _ check: @escaping @Sendable (SocketEndpoint) -> Parsed<SocketEndpoint>
    ) -> Shape {
        let scalar = Shape.scalar(type) { text in
            parse(text, check)
        } render: {
            $0.description
        }
        return Shape(type) { node, decoding in
            guard let endpoint = scalar.decode(node, &decoding) else { return nil }
            guard case .unix(let path) = endpoint else { return endpoint }
            let resolved = FilePath.resolve(path, directory: decoding.directory, root: decoding.root).path
            // LIMIT: sockaddr_un.sun_path has 108 bytes, its NUL included.
            guard resolved.utf8.count <= 107 else {
                decoding.error(at: node.position, "the path of a Unix socket has at most 107 bytes")
                return nil
            }
            return .unix(path: resolved)
        } render: {
            .text($0.description)
        }
    }

    private static func parse(
        _ text: String, _ check: (SocketEndpoint) -> Parsed<SocketEndpoint>
    ) -> Parsed<SocketEndpoint> {
        let quoted = Quantity.quoted(text)
        do throws(SocketEndpoint.ParseError) {
            return check(try SocketEndpoint(text))
        } catch {
            switch error {
            case .missingPort: return .problem("\(quoted) has no port", instead: "write \(text.abbreviated):443")
            case .badPort: return .problem("\(quoted) has no valid port", instead: "write a number from 1 to 65535")
            case .unbracketedAddress:
                return .problem("an IPv6 address stands in brackets", instead: "write [2001:db8::1]:443")
            case .badHost: return .problem("\(quoted) is not an address with a port", instead: "write 10.0.1.5:8080")
            case .badPath: return .problem("\(quoted) is not the path of a Unix socket", instead: nil)
            }
        }
    }
}
