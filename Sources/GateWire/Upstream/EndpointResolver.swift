public import GatePrimitives
public import GateUpstreams
import Glibc
public import NIOCore
import Synchronization

/// The addresses of endpoints; names are resolved off the loops, ahead of need, and their last good addresses kept.
///
/// Every address is checked when it is used: link-local, metadata and our own addresses are refused always, public ones
/// unless allowed, so that a name which is pointed elsewhere leads nowhere (attacks 53, 74).
public final class EndpointResolver: Sendable {
    private let known = Mutex<[String: [IPAddress]]>([:])

    /// A resolver that knows no name yet.
    public init() {}

    /// The address to connect to; a name's addresses take turns by process, not by request.
    public func address(
        of endpoint: SocketEndpoint, _ policy: EndpointAddressPolicy
    ) throws(Fault) -> SocketAddress {
        switch endpoint {
        case .ip(let address, let port): return try socketAddress(address, port, policy)
        case .name(let name, let port):
            let addresses = known.withLock { $0[name] } ?? []
            for address in addresses {
                if let usable = try? socketAddress(address, port, policy) { return usable }
            }
            throw Fault(.dispatch, addresses.isEmpty ? .dnsError : .upstreamAddressRefused)
        case .unix(let path):
            do {
                try policy.check(path: path)
                return try SocketAddress(unixDomainSocketPath: path)
            } catch { throw Fault(.dispatch, .upstreamAddressRefused) }
        }
    }

    private func socketAddress(
        _ address: IPAddress, _ port: UInt16, _ policy: EndpointAddressPolicy
    ) throws(Fault) -> SocketAddress {
        do {
            try policy.check(address, port: port)
            return try SocketAddress(ipAddress: address.description, port: Int(port))
        } catch { throw Fault(.dispatch, .upstreamAddressRefused) }
    }

    /// Asks the system for the addresses of `names`; blocks, so call it on a thread of its own. What cannot be resolved
    /// keeps what was known. Returns the names that failed.
    public func refresh(_ names: Set<String>) -> [String] {
        var failed: [String] = []
        for name in names.sorted() {
            let addresses = Self.resolve(name)
            if addresses.isEmpty {
                failed.append(name)
            } else {
                known.withLock { $0[name] = addresses }
            }
        }
        return failed
    }

    /// The addresses of a name by `getaddrinfo`, IPv4 first: backends that listen on both listen on IPv4.
    private static func resolve(_ name: String) -> [IPAddress] {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        // SAFETY: `list` is written by getaddrinfo, walked while it lives, and freed once.
        guard unsafe getaddrinfo(name, nil, &hints, &list) == 0, let first = unsafe list else { return [] }
        defer { unsafe freeaddrinfo(first) }
        var addresses: [IPAddress] = []
        var next: UnsafeMutablePointer<addrinfo>? = unsafe first
        while let entry = unsafe next {
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            let status = unsafe getnameinfo(
                entry.pointee.ai_addr, entry.pointee.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST)
            if status == 0 {
                let bytes = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
                if let address = IPAddress(String(decoding: bytes, as: UTF8.self)), !addresses.contains(address) {
                    addresses.append(address)
                }
            }
            unsafe next = entry.pointee.ai_next
        }
        return addresses.filter { $0.family == .v4 } + addresses.filter { $0.family == .v6 }
    }
}
