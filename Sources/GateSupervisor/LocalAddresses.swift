public import GatePrimitives
import Glibc

/// The addresses of this machine.
public enum LocalAddresses {
    /// The addresses of all interfaces that have one, each once; empty where the kernel does not say.
    public static var all: [IPAddress] {
        var first: UnsafeMutablePointer<ifaddrs>?
        // SAFETY: getifaddrs makes a list that is freed once, after it was read.
        guard unsafe getifaddrs(&first) == 0 else { return [] }
        defer { unsafe freeifaddrs(first) }
        var found: Set<IPAddress> = []
        var next = unsafe first
        while let entry = unsafe next {
            if let address = unsafe entry.pointee.ifa_addr, let known = unsafe self.address(address) {
                found.insert(known)
            }
            unsafe next = entry.pointee.ifa_next
        }
        return found.sorted()
    }

    /// The IP address in a socket address; nil for other families.
    private static func address(_ pointer: UnsafePointer<sockaddr>) -> IPAddress? {
        // SAFETY: the family says which structure the kernel placed here.
        switch unsafe Int32(pointer.pointee.sa_family) {
        case AF_INET:
            return unsafe pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { internet in
                unsafe IPAddress(v4: UInt32(bigEndian: internet.pointee.sin_addr.s_addr))
            }
        case AF_INET6:
            return unsafe pointer.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { internet in
                unsafe withUnsafeBytes(of: internet.pointee.sin6_addr) { raw in
                    unsafe IPAddress(
                        v6High: UInt64(bigEndian: raw.loadUnaligned(as: UInt64.self)),
                        low: UInt64(bigEndian: raw.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
                }
            }
        default: return nil
        }
    }
}
