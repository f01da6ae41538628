public import GatePrimitives
public import NIOCore

/// What a decoder found next.
public enum BodyEvent {
    /// Bytes of content: a slice, never empty.
    case data(ByteBuffer)
    /// The body is complete; nothing of what follows belongs to it.
    case end
    /// More bytes are needed; what is left in the buffer stays there until they come behind it.
    case needMore
}

/// Delimits one message body: nothing, a length, chunks, or the end of the connection (RFC 9112 §6, §7).
///
/// ```
///                 ┌───────────────────────── data ◀── size > 0 ──┐
/// chunked:   chunkLine ◀── CRLF ── dataEnd ◀── all of it ─┘      │
///                 └── size = 0 ──▶ trailers ── empty line ──▶ complete
/// length:    data ── all of it ──▶ complete        untilClose: data … inputClosed ──▶ complete
/// ```
public struct BodyDecoder {
    private enum State {
        case complete
        case length(UInt64)
        case untilClose
        case chunkLine
        case chunkData(UInt64)
        case chunkDataCR
        case chunkDataLF
        case trailers
        case failed(Reason)
    }

    private var state: State
    private let isResponse: Bool
    private let limits: BodyLimits
    private var chunkLine = ChunkLineParser()
    private var trailerParser = TrailerParser()

    /// A decoder of a request body: faults are the client's, in `read`.
    public init(_ framing: BodyFraming, limits: BodyLimits = .standard) {
        self.limits = limits
        isResponse = false
        switch framing {
        case .none, .length(0): state = .complete
        case .length(let length): state = .length(length)
        case .chunked: state = .chunkLine
        }
    }

    /// A decoder of a response body: faults are `bad_upstream_response`, in `relay`.
    public init(_ framing: ResponseFraming, limits: BodyLimits = .standard) {
        self.limits = limits
        isResponse = true
        switch framing {
        case .none, .length(0): state = .complete
        case .length(let length): state = .length(length)
        case .chunked: state = .chunkLine
        case .untilClose: state = .untilClose
        }
    }

    /// The trailer lines that may be passed on; nil where the body had none. Complete after `end`.
    public var trailers: FieldBlock? { trailerParser.lines }

    /// Whether the body is complete.
    public var isComplete: Bool {
        if case .complete = state { return true }
        return false
    }

    /// Takes the next event from the front of `buffer`, consuming its bytes.
    ///
    /// After a fault, every further call throws it again.
    public mutating func next(_ buffer: inout ByteBuffer) throws(Fault) -> BodyEvent {
        do throws(HeadError) {
            return try advance(&buffer)
        } catch {
            state = .failed(error.reason)
            throw fault(error.reason)
        }
    }

    /// The connection has ended: completes a body that is delimited by it, and cuts every other.
    ///
    /// The fault is `body_length_mismatch` for a client's body, `upstream_reset` for a backend's (attacks 14, 67).
    public mutating func inputClosed() throws(Fault) {
        switch state {
        case .complete: return
        case .untilClose: state = .complete
        case .failed(let reason): throw fault(reason)
        case .length, .chunkLine, .chunkData, .chunkDataCR, .chunkDataLF, .trailers:
            state = .failed(isResponse ? .upstreamReset : .bodyLengthMismatch)
            throw isResponse ? Fault(.relay, .upstreamReset) : Fault(.read, .bodyLengthMismatch)
        }
    }

    private func fault(_ reason: Reason) -> Fault {
        guard isResponse else { return Fault(.read, reason) }
        return Fault(.relay, reason == .upstreamReset ? reason : .badUpstreamResponse)
    }

    private mutating func advance(_ buffer: inout ByteBuffer) throws(HeadError) -> BodyEvent {
        while true {
            switch state {
            case .complete: return .end
            case .failed(let reason): throw .init(reason)
            case .length(let left):
                guard let data = Self.take(left, &buffer) else { return .needMore }
                let rest = left &- UInt64(data.readableBytes)
                state = rest == 0 ? .complete : .length(rest)
                return .data(data)
            case .untilClose:
                guard let data = Self.take(.max, &buffer) else { return .needMore }
                return .data(data)
            case .chunkLine:
                guard try readChunkLine(&buffer) else { return .needMore }
                state = chunkLine.size == 0 ? .trailers : .chunkData(chunkLine.size)
                chunkLine.reset()
            case .chunkData(let left):
                guard let data = Self.take(left, &buffer) else { return .needMore }
                let rest = left &- UInt64(data.readableBytes)
                state = rest == 0 ? .chunkDataCR : .chunkData(rest)
                return .data(data)
            case .chunkDataCR:
                guard let byte: UInt8 = buffer.readInteger() else { return .needMore }
                guard byte == Ascii.cr else { throw .init(.badChunk) }
                state = .chunkDataLF
            case .chunkDataLF:
                guard let byte: UInt8 = buffer.readInteger() else { return .needMore }
                guard byte == Ascii.lf else { throw .init(.badChunk) }
                state = .chunkLine
            case .trailers:
                guard try trailerParser.read(&buffer, limits.trailers, isResponse: isResponse) else {
                    return .needMore
                }
                state = .complete
            }
        }
    }

    private mutating func readChunkLine(_ buffer: inout ByteBuffer) throws(HeadError) -> Bool {
        while let byte: UInt8 = buffer.readInteger() {
            if try chunkLine.accept(byte, limits) { return true }
        }
        return false
    }

    /// At most `most` bytes from the front of `buffer`, or nil where it is empty.
    private static func take(_ most: UInt64, _ buffer: inout ByteBuffer) -> ByteBuffer? {
        guard buffer.readableBytes > 0 else { return nil }
        let length = Int(clamping: min(most, UInt64(buffer.readableBytes)))
        return buffer.readSlice(length: length)
    }
}
