public import GatePrimitives
public import Glibc

/// What a listener asks for: a name, an address, and how many sockets share it.
public struct ListenRequest: Equatable, Sendable {
    /// The listener's name in the configuration, or `admin`, `telemetry`; contains neither `:` nor white space.
    public let name: String
    /// Where to listen.
    public let address: SocketEndpoint
    /// One socket per event loop that accepts; at least 1.
    public let sockets: Int
    /// The permission bits of a unix socket.
    public let mode: mode_t

    /// A request for `sockets` sockets on `address`.
    public init(name: String, address: SocketEndpoint, sockets: Int, mode: mode_t = 0o600) {
        self.name = name
        self.address = address
        self.sockets = max(1, sockets)
        self.mode = mode
    }
}

/// One bound, listening descriptor: what the supervisor opens and the worker inherits.
public struct ListeningSocket: Equatable, Sendable {
    /// The listener's name.
    public let name: String
    /// The event loop that accepts from it, counted from 0.
    public let loop: Int
    /// The address, with the port that the kernel chose where 0 was asked for.
    public let address: SocketEndpoint
    /// The descriptor; the same number in the supervisor and in the worker.
    public let descriptor: Int32

    /// A socket that is already open.
    public init(name: String, loop: Int, address: SocketEndpoint, descriptor: Int32) {
        self.name = name
        self.loop = loop
        self.address = address
        self.descriptor = descriptor
    }

    /// The value of the worker's `--socket` option: `DESCRIPTOR:LOOP:NAME:ADDRESS`.
    public var argument: String { "\(descriptor):\(loop):\(name):\(address)" }

    /// Reads what `argument` wrote; nil for anything else.
    public init?(argument: String) {
        let parts = argument.split(separator: ":", maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 4, let descriptor = Int32(parts[0]), descriptor > 2, let loop = Int(parts[1]), loop >= 0,
            !parts[2].isEmpty, let address = try? SocketEndpoint(String(parts[3]))
        else { return nil }
        self.init(name: String(parts[2]), loop: loop, address: address, descriptor: descriptor)
    }
}

extension ListeningSocket {
    /// LIMIT: connections that wait to be accepted, per socket; the kernel lowers it to net.core.somaxconn.
    static let backlog: Int32 = 4096

    /// Opens every socket that `request` asks for, all or none.
    ///
    /// An address is first bound without SO_REUSEPORT: a second gateway must fail with "address in use", not take
    /// a share of the first one's connections.
    public static func open(_ request: ListenRequest) throws(SystemError) -> [ListeningSocket] {
        var address = request.address
        if case .unix(let path) = address {
            return try openUnix(request, path: path)
        }
        if address.port != 0 {
            close(try bound(to: address, name: request.name, shared: false))
        }
        var sockets: [ListeningSocket] = []
        do throws(SystemError) {
            for loop in 0..<request.sockets {
                let descriptor = try bound(to: address, name: request.name, shared: true)
                if address.port == 0 {
                    address = address.withPort(port(of: descriptor))
                }
                sockets.append(.init(name: request.name, loop: loop, address: address, descriptor: descriptor))
                try listen(on: descriptor, address, name: request.name)
            }
        } catch {
            for socket in sockets { close(socket.descriptor) }
            throw error
        }
        return sockets
    }

    /// A new socket bound to an IP address; `shared` lets further sockets of this process join it.
    private static func bound(to address: SocketEndpoint, name: String, shared: Bool) throws(SystemError) -> Int32 {
        guard let family = address.addressFamily else {
            throw SystemError(
                "listener \(name): cannot listen on \(address)", number: EAFNOSUPPORT, advice: "write an IP address")
        }
        let descriptor = try stream(family, name: name)
        let options: [(Int32, Int32)] =
            [(SOL_SOCKET, SO_REUSEADDR)] + (shared ? [(SOL_SOCKET, SO_REUSEPORT)] : [])
            // An IPv6 wildcard would take IPv4 connections, too: an address means what it says.
            + (family == AF_INET6 ? [(Int32(IPPROTO_IPV6), IPV6_V6ONLY)] : [])
        for (level, option) in options {
            var on: Int32 = 1
            // SAFETY: the option's value is the Int32 whose size is passed.
            let result = unsafe setsockopt(descriptor, level, option, &on, socklen_t(MemoryLayout<Int32>.size))
            guard result == 0 else { throw failure("cannot prepare \(address)", name, closing: descriptor) }
        }
        // SAFETY: `withSocketAddress` passes a pointer to a structure of the length that it passes.
        let result = unsafe address.withSocketAddress { pointer, length in unsafe bind(descriptor, pointer, length) }
        guard result == 0 else { throw failure("cannot listen on \(address)", name, closing: descriptor) }
        return descriptor
    }

    /// A unix socket: a file that nothing answers on is replaced, one that answers is "address in use".
    private static func openUnix(_ request: ListenRequest, path: String) throws(SystemError) -> [ListeningSocket] {
        let address = request.address
        let probe = try stream(AF_UNIX, name: request.name)
        // SAFETY: as in `bound(to:name:shared:)`.
        let answered = unsafe address.withSocketAddress { pointer, length in
            unsafe connect(probe, pointer, length) == 0 || errno == EAGAIN
        }
        let reason = errno
        close(probe)
        if answered {
            throw SystemError("listener \(request.name): cannot listen on \(address)", number: EADDRINUSE)
        }
        // A dead socket is removed; any other file is the operator's, and makes bind(2) fail.
        var status = stat()
        // SAFETY: the path is copied with its NUL for the call; lstat fills a local.
        if reason == ECONNREFUSED, unsafe lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK {
            _ = unsafe unlink(path)
        }
        let descriptor = try stream(AF_UNIX, name: request.name)
        // No moment at which a stranger could connect: the file is born with the strictest mode, then given its own.
        let mask = umask(0o177)
        // SAFETY: as above.
        let result = unsafe address.withSocketAddress { pointer, length in unsafe bind(descriptor, pointer, length) }
        let bindError = errno
        umask(mask)
        errno = bindError
        guard result == 0 else { throw failure("cannot listen on \(address)", request.name, closing: descriptor) }
        guard unsafe chmod(path, request.mode) == 0 else {
            throw failure("cannot set the mode of \(address)", request.name, closing: descriptor)
        }
        try listen(on: descriptor, address, name: request.name)
        var sockets = [ListeningSocket(name: request.name, loop: 0, address: address, descriptor: descriptor)]
        for loop in 1..<max(1, request.sockets) {
            // Loops share one queue here: SO_REUSEPORT does not exist for unix sockets.
            let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
            guard copy >= 0 else {
                let error = failure("cannot share \(address)", request.name, closing: descriptor)
                for socket in sockets.dropFirst() { close(socket.descriptor) }
                throw error
            }
            sockets.append(.init(name: request.name, loop: loop, address: address, descriptor: copy))
        }
        return sockets
    }

    private static func stream(_ family: Int32, name: String) throws(SystemError) -> Int32 {
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let descriptor = socket(family, type, 0)
        guard descriptor >= 0 else { throw SystemError("listener \(name): cannot open a socket", number: errno) }
        return descriptor
    }

    private static func listen(
        on descriptor: Int32, _ address: SocketEndpoint, name: String
    ) throws(SystemError) {
        guard Glibc.listen(descriptor, backlog) == 0 else {
            throw SystemError("listener \(name): cannot listen on \(address)", number: errno)
        }
    }

    private static func port(of descriptor: Int32) -> UInt16 {
        var storage = sockaddr_in6()
        var length = socklen_t(MemoryLayout<sockaddr_in6>.size)
        // SAFETY: the kernel writes at most `length` bytes; sin6_port and sin_port stand at the same offset.
        let result = unsafe withUnsafeMutablePointer(to: &storage) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                unsafe getsockname(descriptor, generic, &length)
            }
        }
        return result == 0 ? UInt16(bigEndian: storage.sin6_port) : 0
    }

    private static func failure(_ attempt: String, _ name: String, closing descriptor: Int32) -> SystemError {
        let number = errno
        close(descriptor)
        let advice =
            switch number {
            case EACCES: "ports below 1024 need root or CAP_NET_BIND_SERVICE"
            case EADDRNOTAVAIL: "this address is not one of this machine's"
            case ENOENT: "its directory does not exist"
            default: ""
            }
        return SystemError("listener \(name): \(attempt)", number: number, advice: advice)
    }
}
