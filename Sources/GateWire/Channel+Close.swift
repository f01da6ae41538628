import Glibc
import NIOCore
import NIOPosix
import NIOSSL

extension Channel {
    /// Closes below TLS: without `close_notify`, and without waiting for the peer's.
    ///
    /// `close_notify` says that nothing is missing (RFC 8446 §6.1); where something is, it must not be sent.
    func closeBelowTLS() {
        let operations = pipeline.syncOperations
        // Closing from the handler's own place passes it by.
        if let context = try? operations.context(handlerType: NIOSSLServerHandler.self) {
            context.close(promise: nil)
        } else if let context = try? operations.context(handlerType: NIOSSLClientHandler.self) {
            context.close(promise: nil)
        } else {
            close(promise: nil)
        }
    }

    /// Closes with a reset instead of an orderly end: even a client whose answer ends with the connection learns that
    /// something is missing.
    func closeWithReset() {
        if let provider = self as? any SocketOptionProvider {
            _ = provider.setSoLinger(linger(l_onoff: 1, l_linger: 0))
        }
        closeBelowTLS()
    }
}
