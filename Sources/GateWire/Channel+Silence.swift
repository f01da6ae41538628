import Glibc
import NIOCore

extension Channel {
    /// Lets the kernel ask a silent peer whether it is still there: after a minute, then every ten seconds, six times.
    ///
    /// A socket that has no such option (unix) knows when its peer dies.
    func probeSilentPeer() {
        guard let options = syncOptions else { return }
        try? options.setOption(.socketOption(.so_keepalive), value: 1)
        try? options.setOption(.tcpOption(.init(rawValue: TCP_KEEPIDLE)), value: 60)
        try? options.setOption(.tcpOption(.init(rawValue: TCP_KEEPINTVL)), value: 10)
        try? options.setOption(.tcpOption(.init(rawValue: TCP_KEEPCNT)), value: 6)
    }

    /// The end of what the peer sends is an event, not the end of the connection.
    func allowHalfClosure() { try? syncOptions?.setOption(.allowRemoteHalfClosure, value: true) }
}
