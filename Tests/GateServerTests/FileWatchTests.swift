import GatePrimitives
import Testing

@testable import GateServer

/// When changed certificates are read again: attacks 73.
struct FileWatchTests {
    private func changes(_ size: Int64?) -> FileWatch.Changes { ["a.pem": size.map { FileVersion(size: $0) }] }

    /// What the watch answers to each observation, in order; `refused` comes between two of them.
    private func answers(_ seen: [FileWatch.Changes], refusedAfter index: Int? = nil) -> [Bool] {
        var watch = FileWatch()
        return seen.enumerated().map { place, changes in
            defer { if place == index { watch.refuse() } }
            return watch.observe(changes)
        }
    }

    @Test func `a change counts once it has stood for an interval`() {
        #expect(answers([[:], changes(1), changes(2), changes(2)]) == [false, false, false, true])
    }

    @Test func `what was refused is not tried again until it changes`() {
        let seen = [changes(1), changes(1), changes(1), changes(1), changes(2), changes(2)]
        #expect(answers(seen, refusedAfter: 1) == [false, true, false, false, false, true])
    }

    @Test func `what was refused and put back is tried when it comes again`() {
        let seen = [changes(1), changes(1), [:], changes(1), changes(1)]
        #expect(answers(seen, refusedAfter: 1) == [false, true, false, false, true])
    }

    @Test func `a file that is gone is a change like any other`() {
        #expect(answers([changes(nil), changes(nil)]) == [false, true])
    }
}
