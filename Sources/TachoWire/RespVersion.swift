/// The version of the protocol that a connection speaks: RESP2 until its client asks for the other
/// with HELLO. Requests are the same in both; RESP3 has more types of replies.
package enum RespVersion: Int, Sendable {
    case two = 2
    case three = 3
}
