import GatePrimitives
import Testing

@testable import GateSupervisor

/// Transcripts: an event in, the actions out.
struct SupervisorMachineTests {
    private func at(_ milliseconds: Int64) -> MonotonicInstant {
        MonotonicInstant(nanoseconds: 0).advanced(by: .milliseconds(milliseconds))
    }

    private func running() -> SupervisorMachine {
        var machine = SupervisorMachine()
        #expect(machine.handle(.start, at: at(0)) == [.spawn])
        #expect(machine.handle(.ready, at: at(100)) == [.report(.ready)])
        return machine
    }

    @Test func aWorkerThatDiesIsReplacedAtOnce() {
        var machine = running()
        #expect(machine.handle(.died(.signalled(4)), at: at(200)) == [.report(.died(.signalled(4))), .spawn])
        #expect(machine.wakeAt == nil)
    }

    @Test func aWorkerThatLeavesUnaskedIsReplacedToo() {
        var machine = running()
        #expect(machine.handle(.died(.exited(0)), at: at(200)) == [.report(.died(.exited(0))), .spawn])
    }

    @Test func aFirstWorkerThatNeverServedEndsTheSupervisorWithItsStatus() {
        var machine = SupervisorMachine()
        _ = machine.handle(.start, at: at(0))
        #expect(machine.handle(.died(.exited(3)), at: at(1)) == [.report(.failedToStart(.exited(3))), .end(status: 3)])
    }

    @Test func aFirstWorkerThatIsKilledOrLeavesSilentlyEndsTheSupervisorWithOne() {
        for end in [WorkerEnd.signalled(9), .exited(0)] {
            var machine = SupervisorMachine()
            _ = machine.handle(.start, at: at(0))
            #expect(machine.handle(.died(end), at: at(1)) == [.report(.failedToStart(end)), .end(status: 1)])
        }
    }

    @Test func aStopReleasesTheSocketsAndEndsWithTheStatusOfTheDrain() {
        for status in [Int32(0), 7] {
            var machine = running()
            #expect(
                machine.handle(.stop, at: at(200)) == [.report(.draining), .forward(.stop), .releaseSockets])
            #expect(
                machine.handle(.died(.exited(status)), at: at(900)) == [.report(.stopped), .end(status: status)])
        }
    }

    @Test func aWorkerThatIsKilledWhileItDrainsIsAFailure() {
        var machine = running()
        _ = machine.handle(.stop, at: at(200))
        let actions = machine.handle(.died(.signalled(9)), at: at(300))
        #expect(actions == [.report(.died(.signalled(9))), .end(status: 1)])
    }

    @Test func aSecondStopIsForwardedAndKillsAfterTheGraceAThirdKillsNow() {
        var machine = running()
        _ = machine.handle(.stop, at: at(200))
        #expect(machine.handle(.stop, at: at(300)) == [.report(.cutShort), .forward(.stop)])
        #expect(machine.wakeAt == at(2_300))
        #expect(machine.handle(.timer, at: at(2_300)) == [.kill])
        #expect(machine.handle(.stop, at: at(2_400)) == [.kill])
    }

    @Test func reloadAndReopenAreForwardedWhileAWorkerRuns() {
        var machine = running()
        #expect(machine.handle(.reload, at: at(200)) == [.forward(.reload)])
        #expect(machine.handle(.reopenLogs, at: at(200)) == [.forward(.reopenLogs)])
    }

    @Test func anUpgradeIsReportedAndChangesNothing() {
        var machine = running()
        #expect(machine.handle(.upgrade, at: at(200)) == [.report(.upgradeUnsupported)])
        #expect(machine.handle(.reload, at: at(201)) == [.forward(.reload)])
    }

    @Test func fiveDeathsWaitAndTheTimerStartsTheNextWorker() {
        var machine = running()
        for death in 1...4 {
            #expect(machine.handle(.died(.signalled(4)), at: at(100 + Int64(death))).last == .spawn)
        }
        #expect(
            machine.handle(.died(.signalled(4)), at: at(200))
                == [.report(.died(.signalled(4))), .report(.restartDelayed(.seconds(1)))])
        #expect(machine.wakeAt == at(1_200))
        #expect(machine.handle(.timer, at: at(1_200)) == [.spawn])
        #expect(machine.wakeAt == nil)
    }

    @Test func whileItWaitsAReloadStartsTheWorkerAndAStopEnds() {
        var machine = running()
        for _ in 1...5 { _ = machine.handle(.died(.signalled(4)), at: at(101)) }
        var other = machine
        #expect(machine.handle(.reload, at: at(200)) == [.spawn])
        #expect(other.handle(.reopenLogs, at: at(200)) == [])
        #expect(other.handle(.stop, at: at(200)) == [.report(.stopped), .end(status: 0)])
        #expect(other.handle(.stop, at: at(201)) == [])
    }
}
