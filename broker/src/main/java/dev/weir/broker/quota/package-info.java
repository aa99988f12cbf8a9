/// How much of the broker a client may use, and how long it must wait when it used more. Start at
/// [Quotas]. Any thread may call; nothing here waits. Knows clients by user, client id and address;
/// knows nothing of requests.
package dev.weir.broker.quota;
