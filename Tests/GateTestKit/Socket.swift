import Glibc

/// What went wrong in a socket of a test.
public enum SocketFailure: Error, Equatable {
    /// Nothing came in time; what had come so far.
    case timeout(String)
    /// The peer ended first; what had come so far.
    case ended(String)
    /// The system refused a call.
    case system(String, CInt)
}

/// A blocking TCP connection on loopback: raw bytes, and every wait bounded.
public final class Socket: @unchecked Sendable {
    /// How a connection ended.
    public enum End: Equatable, Sendable {
        /// In order.
        case closed
        /// By a reset.
        case reset
        /// Not within the time.
        case open
    }

    /// Seconds that a test waits for what must come.
    public static let patience = 5.0

    private let descriptor: CInt
    private var isOpen = true
    private var received: [UInt8] = []
    /// How many bytes of `received` were taken.
    private var taken = 0

    init(descriptor: CInt) { self.descriptor = descriptor }

    deinit { close() }

    /// Connects to a port of 127.0.0.1; `receiveBuffer` makes the kernel hold no more than about twice that.
    public static func connect(port: UInt16, receiveBuffer: CInt? = nil) throws -> Socket {
        let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw SocketFailure.system("socket", errno) }
        let made = Socket(descriptor: descriptor)
        if let receiveBuffer { made.set(SO_RCVBUF, receiveBuffer) }
        try unsafe loopback(port) { address, length in
            guard unsafe Glibc.connect(descriptor, address, length) == 0 else {
                throw SocketFailure.system("connect", errno)
            }
        }
        var one: CInt = 1
        unsafe setsockopt(descriptor, CInt(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(4))
        return made
    }

    static func loopback(
        _ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) throws -> Void
    ) rethrows {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        // SAFETY: the address lives while the call runs.
        try unsafe withUnsafePointer(to: &address) { pointer in
            try unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                try unsafe body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    private func set(_ option: CInt, _ value: CInt) {
        var value = value
        unsafe setsockopt(descriptor, SOL_SOCKET, option, &value, socklen_t(4))
    }

    // MARK: Writing

    /// Sends all of `text`.
    public func send(_ text: String) throws { try send([UInt8](text.utf8)) }

    /// Sends all of `bytes`, waiting while the peer does not read.
    public func send(_ bytes: [UInt8], within seconds: Double = Socket.patience) throws {
        let sent = sendSome(bytes, within: seconds)
        guard sent == bytes.count else { throw SocketFailure.system("send", errno) }
    }

    /// Sends as many of `bytes` as the peer takes; stops once it takes nothing for `seconds`. Returns their count.
    public func sendSome(_ bytes: [UInt8], within seconds: Double) -> Int {
        var sent = 0
        while sent < bytes.count, wait(for: POLLOUT, seconds) {
            let count = unsafe bytes.span.extracting(droppingFirst: sent).withUnsafeBytes {
                // SAFETY: the pointer is used within the call.
                unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL) | CInt(MSG_DONTWAIT))
            }
            guard count > 0 else { return sent }
            sent += count
        }
        return sent
    }

    // MARK: Reading

    /// Bytes that were read and not asked for yet.
    public var rest: String { String(decoding: received[taken...], as: UTF8.self) }

    /// Everything up to and with the next `marker`.
    public func read(until marker: String, within seconds: Double = Socket.patience) throws -> String {
        let wanted = [UInt8](marker.utf8)
        var from = taken
        while true {
            if let end = find(wanted, from: from) { return text(take(end - taken)) }
            from = max(taken, received.count - wanted.count)
            try more(seconds)
        }
    }

    /// The next `count` bytes.
    public func read(count: Int, within seconds: Double = Socket.patience) throws -> String {
        text(try readRaw(count: count, within: seconds))
    }

    /// The next `count` bytes, as bytes.
    public func readRaw(count: Int, within seconds: Double = Socket.patience) throws -> [UInt8] {
        while received.count - taken < count { try more(seconds) }
        return take(count)
    }

    /// Reads to the end of the connection.
    public func readToEnd(within seconds: Double = Socket.patience) -> (text: String, end: End) {
        while true {
            do { try more(seconds) } catch SocketFailure.ended {
                return (text(take(received.count - taken)), .closed)
            } catch SocketFailure.timeout {
                return (text(take(received.count - taken)), .open)
            } catch {
                return (text(take(received.count - taken)), .reset)
            }
        }
    }

    /// Whether nothing comes for so long.
    public func isSilent(for seconds: Double) -> Bool { taken == received.count && !wait(for: POLLIN, seconds) }

    private func more(_ seconds: Double) throws {
        guard wait(for: POLLIN, seconds) else { throw SocketFailure.timeout(String(rest.suffix(200))) }
        var chunk = [UInt8](repeating: 0, count: 65536)
        // SAFETY: the kernel writes at most `chunk.count` bytes into `chunk`.
        let count = unsafe Glibc.recv(descriptor, &chunk, chunk.count, 0)
        if count == 0 { throw SocketFailure.ended(rest) }
        guard count > 0 else { throw SocketFailure.system("recv", errno) }
        received.append(contentsOf: chunk.prefix(count))
    }

    private func find(_ wanted: [UInt8], from start: Int) -> Int? {
        guard received.count - start >= wanted.count else { return nil }
        for index in start...(received.count - wanted.count)
        where received[index] == wanted[0] && received[index..<index + wanted.count].elementsEqual(wanted) {
            return index + wanted.count
        }
        return nil
    }

    private func take(_ count: Int) -> [UInt8] {
        let bytes = [UInt8](received[taken..<taken + count])
        taken += count
        if taken == received.count || taken > 1 << 20 {
            received.removeFirst(taken)
            taken = 0
        }
        return bytes
    }

    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    private func wait(for events: CInt, _ seconds: Double) -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(events), revents: 0)
        return unsafe poll(&entry, 1, CInt(seconds * 1000)) > 0
    }

    // MARK: Ending

    /// Says that nothing more will be sent.
    public func finishSending() { shutdown(descriptor, CInt(SHUT_WR)) }

    /// Closes in order.
    public func close() {
        guard isOpen else { return }
        isOpen = false
        Glibc.close(descriptor)
    }

    /// Closes with a reset.
    public func reset() {
        var option = linger(l_onoff: 1, l_linger: 0)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        close()
    }
}

/// A listening socket on a free port of 127.0.0.1.
public final class ServerSocket: @unchecked Sendable {
    /// The port.
    public let port: UInt16
    /// The descriptor, for who accepts instead; then call `surrender`.
    public let descriptor: CInt
    private var isOpen = true

    /// A socket that listens; what nobody accepts waits in the kernel, about `backlog` connections of it.
    public init(backlog: CInt = 128) throws {
        descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw SocketFailure.system("socket", errno) }
        let descriptor = descriptor
        try unsafe Socket.loopback(0) { address, length in
            guard unsafe bind(descriptor, address, length) == 0, listen(descriptor, backlog) == 0 else {
                throw SocketFailure.system("bind", errno)
            }
        }
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        // SAFETY: the kernel writes at most `length` bytes into `address`.
        _ = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe getsockname(descriptor, $0, &length)
            }
        }
        port = UInt16(bigEndian: address.sin_port)
    }

    deinit { close() }

    /// The next connection.
    public func accept(within seconds: Double = Socket.patience) throws -> Socket {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard unsafe poll(&entry, 1, CInt(seconds * 1000)) > 0 else { throw SocketFailure.timeout("accept") }
        let accepted = Glibc.accept(descriptor, nil, nil)
        guard accepted >= 0 else { throw SocketFailure.system("accept", errno) }
        return Socket(descriptor: accepted)
    }

    /// Whether nobody connects for so long.
    public func isSilent(for seconds: Double) -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&entry, 1, CInt(seconds * 1000)) == 0
    }

    /// The descriptor now belongs to somebody else, who closes it.
    public func surrender() -> CInt {
        isOpen = false
        return descriptor
    }

    /// Stops listening: connects are refused.
    public func close() {
        guard isOpen else { return }
        isOpen = false
        Glibc.close(descriptor)
    }
}
