public import GatePrimitives
import Glibc

extension SocketEndpoint {
    /// Connects to this address, for commands that ask a running gateway; returns the descriptor.
    public func connect() throws(SystemError) -> Int32 {
        guard let family = addressFamily else {
            throw SystemError("cannot connect to \(self)", number: EAFNOSUPPORT, advice: "write an IP address")
        }
        let descriptor = socket(family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw SystemError("cannot open a socket", number: errno) }
        // SAFETY: `withSocketAddress` passes a pointer to a structure of the length that it passes.
        let result = unsafe withSocketAddress { pointer, length in unsafe Glibc.connect(descriptor, pointer, length) }
        guard result == 0 else {
            let number = errno
            close(descriptor)
            throw SystemError("cannot connect to \(self)", number: number)
        }
        return descriptor
    }

    /// The same address with the port that the kernel chose; a unix address as it is.
    func withPort(_ port: UInt16) -> SocketEndpoint {
        if case .ip(let address, _) = self { .ip(address, port: port) } else { self }
    }

    /// AF_INET, AF_INET6 or AF_UNIX; nil for a name, which no listener has.
    var addressFamily: Int32? {
        switch self {
        case .ip(let address, _): address.family == .v4 ? AF_INET : AF_INET6
        case .name: nil
        case .unix: AF_UNIX
        }
    }

    /// Calls `body` with the address in the kernel's form; a name, which has none, as the unspecified address.
    func withSocketAddress<R>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> R) -> R {
        // SAFETY: in each case the pointer covers the structure whose size is passed, and lives for the call.
        switch self {
        case .ip(let address, let port) where address.family == .v6:
            var storage = sockaddr_in6()
            storage.sin6_family = sa_family_t(AF_INET6)
            storage.sin6_port = port.bigEndian
            unsafe withUnsafeMutableBytes(of: &storage.sin6_addr) { raw in
                unsafe raw.storeBytes(of: address.high.bigEndian, toByteOffset: 0, as: UInt64.self)
                unsafe raw.storeBytes(of: address.low.bigEndian, toByteOffset: 8, as: UInt64.self)
            }
            return unsafe withRebound(&storage, body)
        case .ip(let address, let port):
            var storage = sockaddr_in()
            storage.sin_family = sa_family_t(AF_INET)
            storage.sin_port = port.bigEndian
            storage.sin_addr.s_addr = address.v4Bits.bigEndian
            return unsafe withRebound(&storage, body)
        case .unix(let path):
            var storage = sockaddr_un()
            storage.sun_family = sa_family_t(AF_UNIX)
            // The last byte stays the NUL.
            unsafe withUnsafeMutableBytes(of: &storage.sun_path) { raw in
                unsafe raw.copyBytes(from: path.utf8.prefix(max(0, raw.count - 1)))
            }
            return unsafe withRebound(&storage, body)
        case .name:
            var storage = sockaddr_in()
            return unsafe withRebound(&storage, body)
        }
    }
}

/// Calls `body` with `storage` seen as the generic socket address.
private func withRebound<Storage, R>(_ storage: inout Storage, _ body: (UnsafePointer<sockaddr>, socklen_t) -> R) -> R {
    // SAFETY: every sockaddr_* begins with sockaddr's fields; the length says how much is there.
    unsafe withUnsafePointer(to: &storage) { pointer in
        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
            unsafe body(generic, socklen_t(MemoryLayout<Storage>.size))
        }
    }
}
