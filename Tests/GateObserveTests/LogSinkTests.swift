import Dispatch
import GatePrimitives
import Glibc
import Testing

@testable import GateObserve

/// Attacks 75: what becomes of lines when their reader stands still, and that nobody waits for it.
@Suite struct LogSinkTests {
    /// The line number `number`, padded to exactly `length` bytes with its line feed.
    private func line(_ number: Int, length: Int = 100) -> [UInt8] {
        let text = Array("{\"n\":\(number),\"pad\":\"".utf8)
        return text + [UInt8](repeating: 0x78, count: length - text.count - 3) + Array("\"}\n".utf8)
    }

    private func numbers(_ bytes: [UInt8]) throws -> [Int] {
        try bytes.split(separator: 0x0a).map { line in
            try #require(try JSON.object(String(decoding: line, as: UTF8.self))["n"] as? Int)
        }
    }

    @Test func linesArriveWholeAndInOrder() throws {
        let pipe = Pipe()
        let sink = try LogSink(.descriptor(pipe.writer))
        for number in 0..<500 { sink.submit(line(number), lines: 1) }
        #expect(try numbers(read(pipe.reader, count: 50_000)) == Array(0..<500))
        #expect(sink.close(within: 5000))
        #expect(sink.droppedLines == 0)
    }

    @Test func attacks75ABlockedPipeLosesCountedLinesAndBlocksNobody() throws {
        let pipe = Pipe()
        let sink = try LogSink(.descriptor(pipe.writer), capacity: 65_536)
        // Far more than the pipe (64 KiB) and both buffers hold.
        let began = MonotonicInstant.now()
        for number in 0..<20_000 { sink.submit(line(number), lines: 1) }
        let spent = MonotonicInstant.now().since(began)
        // One-sided and wide: twenty thousand copies of a hundred bytes, and no write to wait for.
        #expect(spent < .seconds(5))
        let dropped = Int(sink.droppedLines)
        #expect(dropped > 10_000)

        // The reader wakes up: what was not dropped arrives, each line whole, in order.
        let survivors = try numbers(read(pipe.reader, count: (20_000 - dropped) * 100))
        #expect(survivors.count == 20_000 - dropped)
        #expect(survivors == survivors.sorted())
        // And the log works again.
        sink.submit(line(77_777), lines: 1)
        #expect(try numbers(read(pipe.reader, count: 100)) == [77_777])
        #expect(sink.close(within: 5000))
        #expect(Int(sink.droppedLines) == dropped)
    }

    @Test func attacks75ClosingGivesUpOnAStuckReaderAndCountsWhatIsLost() throws {
        let pipe = Pipe()
        pipe.fill()
        let sink = try LogSink(.descriptor(pipe.writer), capacity: 65_536)
        for number in 0..<5000 { sink.submit(line(number), lines: 1) }
        let began = MonotonicInstant.now()
        #expect(!sink.close(within: 50))
        #expect(MonotonicInstant.now().since(began) < .seconds(5))
        // The writer holds one buffer of at most 655 lines; everything else is lost, and what comes later, too.
        let dropped = sink.droppedLines
        #expect(dropped >= 5000 - 655 && dropped <= 5000)
        sink.submit(line(1), lines: 1)
        #expect(sink.droppedLines == dropped + 1)
        // The reader wakes up, and the writer ends.
        _ = read(pipe.reader, count: 65_536 + (5000 - Int(dropped)) * 100)
        #expect(sink.close(within: 5000))
    }

    @Test func closingWritesWhatIsPending() throws {
        let file = Scratch()
        let sink = try LogSink(.file(file.path))
        for number in 0..<1000 { sink.submit(line(number), lines: 1) }
        #expect(sink.close(within: 5000))
        #expect(try numbers(file.bytes()) == Array(0..<1000))
        sink.submit(line(1), lines: 1)
        #expect(sink.droppedLines == 1)
        #expect(sink.close(within: 0))
    }

    @Test(arguments: [(65_536, 0), (65_537, 1)] as [(Int, UInt64)])
    func whatFillsTheBufferPassesAndOneByteMoreDoesNot(length: Int, dropped: UInt64) throws {
        let file = Scratch()
        let sink = try LogSink(.file(file.path), capacity: 65_536)
        sink.submit(line(1, length: length), lines: 1)
        #expect(sink.close(within: 5000))
        #expect(sink.droppedLines == dropped)
        let expected = dropped == 0 ? length : 0
        #expect(file.bytes().count == expected)
    }

    @Test func reopeningWritesToTheNewFile() throws {
        let (file, moved) = (Scratch(), Scratch())
        let sink = try LogSink(.file(file.path))
        sink.submit(line(1), lines: 1)
        while file.bytes().isEmpty { usleep(1000) }
        file.move(to: moved)
        try sink.reopen()
        sink.submit(line(2), lines: 1)
        #expect(sink.close(within: 5000))
        #expect(try numbers(moved.bytes()) == [1])
        #expect(try numbers(file.bytes()) == [2])
        #expect(sink.droppedLines == 0)
    }

    @Test func reopeningUnderLoadLosesNothing() throws {
        let file = Scratch()
        let sink = try LogSink(.file(file.path))
        for number in 0..<2000 {
            sink.submit(line(number), lines: 1)
            if number % 100 == 0 { try sink.reopen() }
        }
        #expect(sink.close(within: 5000))
        #expect(try numbers(file.bytes()) == Array(0..<2000))
    }

    @Test func aFileThatCannotBeReopenedLeavesTheOldOneInUse() throws {
        let directory = Scratch()
        directory.makeDirectory()
        let path = directory.path + "/log"
        let sink = try LogSink(.file(path))
        // SAFETY: unlink(2) reads the path, which outlives the call.
        _ = unsafe unlink(path)
        directory.removeDirectory()
        #expect(throws: LogSinkError(path: path, code: ENOENT)) { try sink.reopen() }
        sink.submit(line(1), lines: 1)
        #expect(sink.close(within: 5000))
        #expect(sink.droppedLines == 0)
    }

    @Test func aFileThatCannotBeOpenedIsAnError() {
        #expect(throws: LogSinkError(path: "/nonexistent/log", code: ENOENT)) {
            try LogSink(.file("/nonexistent/log"))
        }
    }

    @Test func aPipeThatNobodyReadsIsAnErrorAndNoDeadlock() {
        let file = Scratch()
        file.makeFIFO()
        #expect(throws: LogSinkError(path: file.path, code: ENXIO)) { try LogSink(.file(file.path)) }
    }

    @Test func attacks75AFullDiskLosesCountedLines() throws {
        let sink = try LogSink(.file("/dev/full"))
        for number in 0..<10 { sink.submit(line(number), lines: 1) }
        #expect(sink.close(within: 5000))
        #expect(sink.droppedLines == 10)
    }

    @Test func aReaderThatIsGoneLosesCountedLinesAndNotTheProcess() throws {
        let file = Scratch()
        file.makeFIFO()
        let reader = file.open(O_RDONLY | O_NONBLOCK)
        let sink = try LogSink(.file(file.path))
        close(reader)
        for number in 0..<10 { sink.submit(line(number), lines: 1) }
        #expect(sink.close(within: 5000))
        #expect(sink.droppedLines == 10)
    }

    @Test func aLineCutByAFailureIsEndedBeforeTheNextOne() throws {
        let file = Scratch()
        file.makeFIFO()
        let first = file.open(O_RDONLY | O_NONBLOCK)
        let sink = try LogSink(.file(file.path))
        // One batch larger than the pipe: the write stops in the middle of a line, and then its reader goes.
        sink.submit((0..<1000).flatMap { line($0) }, lines: 1000)
        var waiting: Int32 = 0
        // SAFETY: FIONREAD fills one Int32.
        while waiting < 65_536 { _ = unsafe ioctl(first, UInt(FIONREAD), &waiting) }
        close(first)
        while sink.droppedLines == 0 { usleep(1000) }
        #expect(sink.droppedLines == 1000 - 655)

        let second = file.open(O_RDONLY)
        sink.submit(line(4711), lines: 1)
        let text = read(second, count: 65_536 + 1 + 100)
        close(second)
        #expect(sink.close(within: 5000))
        let lines = text.split(separator: 0x0a).map(Array.init)
        #expect(lines.count == 657)
        #expect(try numbers(Array(lines.prefix(655).joined(separator: [0x0a]))) == Array(0..<655))
        #expect(lines.count > 656 && lines[655].count == 36)
        #expect(try numbers(lines.last ?? []) == [4711])
    }

    @Test func manyThreadsHandOverWithoutTearingALine() throws {
        let file = Scratch()
        let sink = try LogSink(.file(file.path), capacity: 1 << 20)
        let batch = (0..<10).flatMap { line($0, length: 64) }
        DispatchQueue.concurrentPerform(iterations: 4) { _ in
            for _ in 0..<100 { sink.submit(batch, lines: 10) }
        }
        #expect(sink.close(within: 5000))
        let lines = try numbers(file.bytes())
        #expect(lines.count + Int(sink.droppedLines) == 4000)
        for start in stride(from: 0, to: lines.count, by: 10) {
            #expect(Array(lines[start..<start + 10]) == Array(0..<10))
        }
    }
}

extension LogSink {
    fileprivate func submit(_ bytes: [UInt8], lines: Int) { submit(bytes.span, lines: lines) }
}
