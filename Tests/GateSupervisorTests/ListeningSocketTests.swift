import GatePrimitives
import Glibc
import Testing

@testable import GateSupervisor

/// Real sockets on the loopback, each with a port that the kernel chose.
@Suite(.serialized) struct ListeningSocketTests {
    private func request(_ address: String, sockets: Int = 1, mode: mode_t = 0o600) throws -> ListenRequest {
        ListenRequest(name: "public", address: try SocketEndpoint(address), sockets: sockets, mode: mode)
    }

    private func release(_ sockets: [ListeningSocket]) {
        for socket in sockets { close(socket.descriptor) }
    }

    @Test(arguments: ["127.0.0.1:0", "[::1]:0"])
    func portZeroIsResolvedOnceAndSharedByAllLoops(address: String) throws {
        let sockets = try ListeningSocket.open(request(address, sockets: 3))
        defer { release(sockets) }
        #expect(sockets.map(\.loop) == [0, 1, 2])
        #expect(Set(sockets.map(\.descriptor)).count == 3)
        #expect(Set(sockets.map(\.address.description)).count == 1)
        #expect(sockets[0].address.port != 0)
    }

    @Test func aSecondGatewayOnTheSameAddressFailsWithAddressInUse() throws {
        let first = try ListeningSocket.open(request("127.0.0.1:0", sockets: 2))
        defer { release(first) }
        let again = ListenRequest(name: "other", address: first[0].address, sockets: 2)
        let error = #expect(throws: SystemError.self) { try ListeningSocket.open(again) }
        #expect(error?.number == EADDRINUSE)
        #expect(error?.description.hasPrefix("listener other: cannot listen on 127.0.0.1:") == true)
        #expect(error?.description.contains("Address already in use") == true)
    }

    @Test func anAddressThatIsReleasedCanBeTakenAgain() throws {
        let first = try ListeningSocket.open(request("127.0.0.1:0", sockets: 2))
        release(first)
        let second = try ListeningSocket.open(ListenRequest(name: "public", address: first[0].address, sockets: 2))
        release(second)
    }

    @Test func aUnixSocketHasItsModeReplacesADeadFileAndRefusesALiveOne() throws {
        let path = "/tmp/portcullis-test-\(getpid()).sock"
        defer { _ = unsafe unlink(path) }
        let first = try ListeningSocket.open(request("unix:" + path, sockets: 2, mode: 0o660))
        var status = stat()
        #expect(unsafe stat(path, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o660)
        #expect(Set(first.map(\.descriptor)).count == 2)
        let error = #expect(throws: SystemError.self) { try ListeningSocket.open(request("unix:" + path)) }
        #expect(error?.number == EADDRINUSE)
        release(first)
        let second = try ListeningSocket.open(request("unix:" + path))
        release(second)
    }

    @Test func aFileThatIsNoSocketIsNotReplaced() throws {
        let path = "/tmp/portcullis-test-\(getpid()).file"
        let descriptor = unsafe open(path, O_CREAT | O_WRONLY, 0o600)
        #expect(descriptor >= 0)
        close(descriptor)
        defer { _ = unsafe unlink(path) }
        let error = #expect(throws: SystemError.self) { try ListeningSocket.open(request("unix:" + path)) }
        #expect(error?.number == EADDRINUSE)
        #expect(unsafe access(path, F_OK) == 0)
    }

    @Test func aMissingDirectoryIsSaidToBeMissing() throws {
        let error = #expect(throws: SystemError.self) {
            try ListeningSocket.open(request("unix:/nonexistent-directory/x.sock"))
        }
        #expect(error?.description.hasSuffix("(its directory does not exist)") == true)
    }

    @Test func aNameIsNoAddressToListenOn() throws {
        let error = #expect(throws: SystemError.self) { try ListeningSocket.open(request("localhost:0")) }
        #expect(error?.number == EAFNOSUPPORT)
    }

    @Test(arguments: ["127.0.0.1:1", "[::1]:2", "unix:/a:b"])
    func aSocketsArgumentReadsBack(address: String) throws {
        let socket = ListeningSocket(
            name: "public", loop: 3, address: try SocketEndpoint(address), descriptor: 12)
        #expect(ListeningSocket(argument: socket.argument) == socket)
    }

    @Test(arguments: ["", "1:0:a:127.0.0.1:1", "5:-1:a:127.0.0.1:1", "5:0::127.0.0.1:1", "5:0:a:nowhere", "5:0:a"])
    func whatIsNoSocketArgumentIsNil(argument: String) {
        #expect(ListeningSocket(argument: argument) == nil)
    }
}
